import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { Chat } from './components/chat.js'
import { AccountContext, AppContext, useApp, useAppState, useTexts } from './components/hooks.js'
import { lazy } from './components/lazy.js'
import { Login } from './components/login.js'
import { createApp } from './state/app.js'

const Invitation = lazy(() => import('./components/invitation.js').then(script => script.Invitation))
const ResetPassword = lazy(() => import('./components/reset-password.js').then(script => script.ResetPassword))

function Page() {
  const app = useApp()
  const texts = useTexts()
  const stage = useAppState('stage')
  const language = useAppState('language')
  const refused = useAppState('refused')
  const reset_code = useAppState('reset_code')
  const invite_code = useAppState('invite_code')
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  if (reset_code !== null) return <ResetPassword code={reset_code} />
  if (invite_code !== null && (stage === 'logged_in' || stage === 'logged_out')) {
    return <Invitation code={invite_code} />
  }
  if (stage === 'logged_in') {
    return (
      <AccountContext.Provider value={app.account}>
        <Chat />
      </AccountContext.Provider>
    )
  }
  if (stage === 'logged_out') return <Login />
  return (
    <main class="login">
      {stage === 'starting' ? (
        <p class="empty">{texts.loading}</p>
      ) : (
        <>
          <p>{refused ? texts.errors[refused] : texts.server_unreachable}</p>
          <button type="button" class="primary" onClick={app.start}>
            {texts.retry}
          </button>
        </>
      )}
    </main>
  )
}

const app = createApp()
render(
  <AppContext.Provider value={app}>
    <Page />
  </AppContext.Provider>,
  document.getElementById('page') as HTMLElement,
)
app.start()

// Service workers need TLS or localhost; without one the page works, but does not open offline.
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/worker.js').catch(() => {})
