import { useState } from 'preact/hooks'
import { ApiError } from '../../client/index.js'
import { checks } from '../text/check.js'
import { explain } from '../words/index.js'
import { Field } from './field.js'
import { LanguageChoice } from './language.js'
import { useApp, useSelected, useWords } from './use.js'

interface Errors {
  username?: string | null
  password?: string | null
  form?: string | null
}

/** Logging in and signing up. */
export function Entrance() {
  const app = useApp()
  const words = useWords()
  const ended = useSelected('ended')
  const [signing_up, setSigningUp] = useState(!ended && localStorage.getItem('talkie.known') === null)
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<Errors>({})

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    if (signing_up) {
      const wrong = { username: checks.username(username), password: checks.password(password) }
      if (wrong.username || wrong.password) {
        return setErrors({
          username: wrong.username && words[wrong.username],
          password: wrong.password && words[wrong.password],
        })
      }
    }
    setErrors({})
    setBusy(true)
    try {
      await (signing_up ? app.session.signUp(username, password) : app.session.logIn(username, password))
      localStorage.setItem('talkie.known', '1')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const told = explain(words, error)
      if (error.code === 'USERNAME_TAKEN') setErrors({ username: told })
      else if (error.code === 'LOGIN_FAILED' || error.code === 'PASSWORD_TOO_LONG') setErrors({ password: told })
      else setErrors({ form: told })
      setBusy(false)
    }
  }

  return (
    <main class="entrance">
      <form onSubmit={submit} noValidate>
        <img src="/assets/icon.svg" alt="" width="56" height="56" />
        <h1>{words.app_name}</h1>
        <p class="tagline">{words.tagline}</p>
        {ended && (
          <p class="notice" role="status">
            {words.session_expired}
          </p>
        )}
        <Field label={words.username} hint={signing_up ? words.username_hint : undefined} error={errors.username}>
          {attributes => (
            <input
              {...attributes}
              name="username"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              value={username}
              onInput={event => setUsername(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={words.password} hint={signing_up ? words.password_hint : undefined} error={errors.password}>
          {attributes => (
            <input
              {...attributes}
              name="password"
              // One field of either kind, which the element's types do not foresee.
              type={(shown ? 'text' : 'password') as 'password'}
              autocomplete={signing_up ? 'new-password' : 'current-password'}
              value={password}
              onInput={event => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <label class="check">
          <input type="checkbox" checked={shown} onChange={event => setShown(event.currentTarget.checked)} />
          {words.show_password}
        </label>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || username === '' || password === ''}>
          {signing_up ? words.sign_up : words.log_in}
        </button>
        <p class="other">
          {signing_up ? words.have_account : words.no_account}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              setErrors({})
              setSigningUp(!signing_up)
            }}
          >
            {signing_up ? words.log_in : words.sign_up}
          </button>
        </p>
      </form>
      <LanguageChoice />
    </main>
  )
}
