import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Registration } from '../../../schemas/user.js'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import { browserStorage } from '../state/browser-storage.js'
import { validate } from '../text/validate.js'
import { Field } from './field.js'
import { useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { LanguageSelect } from './language-select.js'

interface Errors {
  username?: string | null
  password?: string | null
  form?: string | null
}

const ABOUT_USERNAME: ReadonlySet<string> = new Set(['USERNAME_TAKEN', 'USERNAME_RESERVED'])
const ABOUT_PASSWORD: ReadonlySet<string> = new Set(['LOGIN_FAILED', 'PASSWORD_TOO_LONG', 'PASSWORD_TOO_COMMON'])

/** Why nobody can sign up. */
const REFUSALS = { open: null, invite: 'INVITATION_REQUIRED', closed: 'REGISTRATION_CLOSED' } as const

export function Login() {
  const texts = useTexts()
  return (
    <Entrance>
      <header class="brand">
        <img src="/assets/icon.svg" alt="" width="44" height="44" />
        <div>
          <h1>{texts.app_name}</h1>
          <p>{texts.tagline}</p>
        </div>
      </header>
      <LoginForm />
    </Entrance>
  )
}

/** Before the login. */
export function Entrance({ children }: { children: ComponentChildren }) {
  return (
    <div class="entrance">
      <main class="login">
        {children}
        <footer>
          <Icon name="globe" small />
          <LanguageSelect />
        </footer>
      </main>
      <Art />
    </div>
  )
}

/**
 * The form for logging in and signing up.
 * @param invitation the code with which a user signs up
 */
export function LoginForm({ invitation }: { invitation?: string }) {
  const app = useApp()
  const texts = useTexts()
  const session_expired = useAppState('session_expired')
  const [wants_account, setWantsAccount] = useState(!session_expired && browserStorage.getItem('talkie.known') === null)
  const [registration, setRegistration] = useState<Registration | null>(null)
  const refusal = registration && REFUSALS[registration.mode === 'invite' && invitation ? 'open' : registration.mode]
  const signing_up = wants_account && !refusal
  const [typed, setTyped] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<Errors>({})
  const first = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => first.current?.focus(), [])
  useEffect(() => {
    // Without an answer the form offers everything, and the server decides.
    app.registration().then(setRegistration, () => {})
  }, [app])

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    // Phones and password managers add white space around a name.
    const username = typed.trim()
    if (username === '' || password === '') {
      return setErrors({
        username: username === '' ? texts.required : null,
        password: password === '' ? texts.required : null,
      })
    }
    if (signing_up) {
      const wrong = { username: validate.username(username), password: validate.password(password) }
      if (wrong.username || wrong.password) {
        return setErrors({
          username: wrong.username && texts[wrong.username],
          password: wrong.password && texts[wrong.password],
        })
      }
    }
    setErrors({})
    setBusy(true)
    try {
      await (signing_up ? app.session.signUp(username, password, invitation) : app.session.logIn(username, password))
      browserStorage.setItem('talkie.known', '1')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const told = describeError(texts, error)
      if (ABOUT_USERNAME.has(error.code)) setErrors({ username: told })
      else if (ABOUT_PASSWORD.has(error.code)) setErrors({ password: told })
      else setErrors({ form: told })
      setBusy(false)
    }
  }

  return (
    <>
      {session_expired && (
        <p class="notice" role="status">
          {texts.session_expired}
        </p>
      )}
      {signing_up && registration?.first_is_admin && (
        <p class="notice" role="status">
          {texts.first_account}
        </p>
      )}
      <form onSubmit={submit} noValidate>
        <Field label={texts.username} hint={signing_up ? texts.username_hint : undefined} error={errors.username}>
          {attributes => (
            <input
              {...attributes}
              ref={first}
              name="username"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              value={typed}
              onInput={event => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={texts.password} hint={signing_up ? texts.password_hint : undefined} error={errors.password}>
          {attributes => (
            <span class="with-icon">
              <input
                {...attributes}
                name="password"
                // One field for both types, which the element's typings do not allow.
                type={(shown ? 'text' : 'password') as 'password'}
                autocomplete={signing_up ? 'new-password' : 'current-password'}
                value={password}
                onInput={event => setPassword(event.currentTarget.value)}
              />
              <IconButton icon="eye" label={texts.show_password} pressed={shown} onClick={() => setShown(!shown)} />
            </span>
          )}
        </Field>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <button type="submit" class="primary big" disabled={busy}>
          {signing_up ? texts.sign_up : texts.log_in}
        </button>
      </form>
      <p class="other">
        {refusal ? texts.errors[refusal] : signing_up ? texts.have_account : texts.no_account}{' '}
        {!refusal && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setErrors({})
              setWantsAccount(!signing_up)
              first.current?.focus()
            }}
          >
            {signing_up ? texts.log_in : texts.sign_up}
          </button>
        )}
      </p>
    </>
  )
}

/** Hues of the people, and how long their lines are, %. */
const ART: [hue: number, lines: number[]][] = [
  [10, [44]],
  [9, [62]],
  [12, [78, 40]],
  [5, [48]],
  [8, [70, 55, 30]],
  [9, [36]],
  [6, [66]],
]
const ART_NEW: typeof ART = [
  [10, [52]],
  [7, [60, 34]],
]

/** A conversation without words. It is decoration. */
function Art() {
  return (
    <div class="art" aria-hidden="true">
      {ART.map(artRow)}
      <hr />
      <span class="art-row to-you hue-3">
        <span>
          <i style={{ width: '74%' }} />
          <i style={{ width: '44%' }} />
        </span>
      </span>
      {ART_NEW.map(artRow)}
    </div>
  )
}

const artRow = ([hue, lines]: (typeof ART)[number]) => (
  <span key={`${hue} ${lines}`} class={`art-row hue-${hue}`}>
    <span>
      {lines.map(width => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </span>
  </span>
)
