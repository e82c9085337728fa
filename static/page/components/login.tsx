import { useState } from 'preact/hooks'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import { validate } from '../text/validate.js'
import { Field } from './field.js'
import { useApp, useAppState, useTexts } from './hooks.js'
import { LanguageSelect } from './language-select.js'

interface Errors {
  username?: string | null
  password?: string | null
  form?: string | null
}

const ABOUT_USERNAME: ReadonlySet<string> = new Set(['USERNAME_TAKEN', 'USERNAME_RESERVED'])
const ABOUT_PASSWORD: ReadonlySet<string> = new Set(['LOGIN_FAILED', 'PASSWORD_TOO_LONG', 'PASSWORD_TOO_COMMON'])

/** The form for logging in and signing up. */
export function Login() {
  const app = useApp()
  const texts = useTexts()
  const session_expired = useAppState('session_expired')
  const [signing_up, setSigningUp] = useState(!session_expired && localStorage.getItem('talkie.known') === null)
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<Errors>({})

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
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
      await (signing_up ? app.session.signUp(username, password) : app.session.logIn(username, password))
      localStorage.setItem('talkie.known', '1')
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
    <main class="login">
      <form onSubmit={submit} noValidate>
        <img src="/assets/icon.svg" alt="" width="56" height="56" />
        <h1>{texts.app_name}</h1>
        <p class="tagline">{texts.tagline}</p>
        {session_expired && (
          <p class="notice" role="status">
            {texts.session_expired}
          </p>
        )}
        <Field label={texts.username} hint={signing_up ? texts.username_hint : undefined} error={errors.username}>
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
        <Field label={texts.password} hint={signing_up ? texts.password_hint : undefined} error={errors.password}>
          {attributes => (
            <input
              {...attributes}
              name="password"
              // One field for both types, which the element's typings do not allow.
              type={(shown ? 'text' : 'password') as 'password'}
              autocomplete={signing_up ? 'new-password' : 'current-password'}
              value={password}
              onInput={event => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <label class="check">
          <input type="checkbox" checked={shown} onChange={event => setShown(event.currentTarget.checked)} />
          {texts.show_password}
        </label>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || username === '' || password === ''}>
          {signing_up ? texts.sign_up : texts.log_in}
        </button>
        <p class="other">
          {signing_up ? texts.have_account : texts.no_account}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              setErrors({})
              setSigningUp(!signing_up)
            }}
          >
            {signing_up ? texts.log_in : texts.sign_up}
          </button>
        </p>
      </form>
      <LanguageSelect />
    </main>
  )
}
