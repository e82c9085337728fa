import { useState } from 'preact/hooks'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { validate } from '../text/validate.js'
import { Field } from './field.js'
import { useApp, useOwnTexts, useTexts } from './hooks.js'

const en = {
  title: 'Set a new password',
  next: 'New password',
  save: 'Set password and log in',
  invalid: 'This link is no longer valid. Ask an administrator for a new one.',
  back: 'Back to login',
}
const ko: Translation<typeof en> = {
  title: '새 비밀번호 설정',
  next: '새 비밀번호',
  save: '비밀번호 설정하고 로그인',
  invalid: '더 이상 쓸 수 없는 링크예요. 관리자에게 새 링크를 요청해 주세요.',
  back: '로그인으로 돌아가기',
}

/** Where the link of an administrator leads. @param code what stands behind `#` in it */
export function ResetPassword({ code }: { code: string }) {
  const app = useApp()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<{ password?: string; form?: string }>({})
  const username = code.split('.', 1)[0] as string

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    const wrong = validate.password(password)
    if (wrong) return setErrors({ password: texts[wrong] })
    setErrors({})
    setBusy(true)
    try {
      await app.resetPassword(code, password)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'RESET_CODE_INVALID') setErrors({ form: own.invalid })
      else if (error.code.startsWith('PASSWORD_')) setErrors({ password: describeError(texts, error) })
      else setErrors({ form: describeError(texts, error) })
      setBusy(false)
    }
  }

  return (
    <main class="login">
      <h1>{own.title}</h1>
      <form onSubmit={submit} noValidate>
        <Field label={texts.username}>
          {attributes => <input {...attributes} name="username" autocomplete="username" value={username} readOnly />}
        </Field>
        <Field label={own.next} hint={texts.password_hint} error={errors.password}>
          {attributes => (
            <input
              {...attributes}
              name="password"
              type="password"
              autocomplete="new-password"
              value={password}
              onInput={event => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        {errors.form && (
          <p class="note error" role="alert">
            {errors.form}
          </p>
        )}
        <button type="submit" class="primary big" disabled={busy}>
          {own.save}
        </button>
      </form>
      <p class="other">
        <button type="button" class="link" onClick={app.leaveReset}>
          {own.back}
        </button>
      </p>
    </main>
  )
}
