import { useEffect, useRef, useState } from 'preact/hooks'
import type { Figures } from '../../../schemas/administration.js'
import type { Message } from '../../../schemas/message.js'
import { DEFAULT_ROOM_ID, limits, type RegistrationMode, registrationModes } from '../../../schemas/wire.js'
import { uuidv7 } from '../../client/index.js'
import { Field } from '../components/field.js'
import { useApp, useAppState, useOwnTexts, useTexts } from '../components/hooks.js'
import { useAdmin } from './hooks.js'
import { adminTexts } from './texts.js'

/** Interval at which the figures are read again, ms. */
const FIGURES_MS = 5000

export function Overview() {
  return (
    <>
      <ServerFigures />
      <Registration />
      <Announce />
    </>
  )
}

function ServerFigures() {
  const { http, attempt } = useAdmin()
  const own = useOwnTexts(adminTexts)
  const language = useAppState('language')
  const [figures, setFigures] = useState<Figures | null>(null)
  useEffect(() => {
    let closed = false
    // The next one is asked for after an answer, so that a slow server is not asked faster than it answers.
    let timer: ReturnType<typeof setTimeout>
    async function read() {
      const found = document.hidden ? undefined : await attempt(http.figures())
      if (closed) return
      if (found) setFigures(found)
      timer = setTimeout(read, FIGURES_MS)
    }
    read()
    return () => {
      closed = true
      clearTimeout(timer)
    }
  }, [http])
  const number = (value: number | undefined) => value?.toLocaleString(language) ?? '–'
  const started = figures && new Date(figures.started_at)
  return (
    <section>
      <dl class="figures">
        {(['users', 'sockets', 'rooms', 'appended', 'delivered'] as const).map(name => (
          <div key={name}>
            <dt>{own.figures[name]}</dt>
            <dd>{number(figures?.[name])}</dd>
          </div>
        ))}
        <div>
          <dt>{own.figures.memory}</dt>
          <dd>
            {number(figures ? Math.round(figures.memory_bytes / 2 ** 20) : undefined)} <small>MiB</small>
          </dd>
        </div>
        <div>
          <dt>{own.figures.lag}</dt>
          <dd>
            {number(figures ? Math.round(figures.lag_ms) : undefined)} <small>ms</small>
          </dd>
        </div>
      </dl>
      <p class="note">
        {own.figures_hint}
        {started && ` (${started.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })})`}
        {figures && ` · ${own.version(figures.version)}`}
      </p>
      <div role="status">
        {figures && !figures.store_up && <p class="note error">{own.store_down}</p>}
        {figures && !figures.bus_up && <p class="note error">{own.bus_down}</p>}
      </div>
    </section>
  )
}

function Registration() {
  const { http, attempt } = useAdmin()
  const app = useApp()
  const own = useOwnTexts(adminTexts)
  const [mode, setMode] = useState<RegistrationMode | null>(null)
  useEffect(() => {
    attempt(app.registration()).then(found => found && setMode(found.mode))
  }, [app])
  async function choose(next: RegistrationMode) {
    const before = mode
    setMode(next)
    const done = await attempt(http.setRegistration(next).then(() => true))
    if (!done) setMode(before)
  }
  return (
    <section>
      <fieldset class="ways">
        <legend>{own.registration}</legend>
        {registrationModes.map(one => (
          <label key={one} class="way">
            <b>{own.modes[one]}</b>
            <input
              type="radio"
              name="registration"
              checked={mode === one}
              disabled={mode === null}
              onChange={() => choose(one)}
            />
            <span>{own.mode_hints[one]}</span>
          </label>
        ))}
      </fieldset>
    </section>
  )
}

function Announce() {
  const { http, attempt } = useAdmin()
  const { router } = useApp()
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [posted, setPosted] = useState<Message | null>(null)
  /** The same for a text that is posted again because no answer came. */
  const client_id = useRef(uuidv7())

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    const over = [...text].length - limits.TEXT_MAX
    const wrong = text.trim() === '' ? texts.required : over > 0 ? texts.too_long(over) : null
    setError(wrong)
    if (wrong) return
    setBusy(true)
    const message = await attempt(http.announce({ client_id: client_id.current, text }))
    setBusy(false)
    if (!message) return
    setPosted(message)
    setText('')
    client_id.current = uuidv7()
  }
  return (
    <section>
      <form class="announce" onSubmit={submit} noValidate>
        <Field label={own.announcement} hint={own.announcement_hint} error={error}>
          {attributes => (
            <textarea
              {...attributes}
              rows={3}
              dir="auto"
              value={text}
              onInput={event => {
                setText(event.currentTarget.value)
                setPosted(null)
                client_id.current = uuidv7()
              }}
            />
          )}
        </Field>
        <div class="with-note">
          <p class="note" role="status">
            {posted && (
              <>
                {own.posted}{' '}
                <button
                  type="button"
                  class="link"
                  onClick={() => router.go({ room_id: DEFAULT_ROOM_ID, message: posted.id })}
                >
                  {own.view}
                </button>
              </>
            )}
          </p>
          <button type="submit" class="primary" disabled={busy}>
            {own.post}
          </button>
        </div>
      </form>
    </section>
  )
}
