import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { Chat } from './parts/chat.js'
import { Entrance } from './parts/entrance.js'
import { AppContext, useApp, useSelected, useWords } from './parts/use.js'
import { createApp } from './state/app.js'

function Page() {
  const app = useApp()
  const words = useWords()
  const stage = useSelected('stage')
  const language = useSelected('language')
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  if (stage === 'in') return <Chat />
  if (stage === 'out') return <Entrance />
  return (
    <main class="entrance">
      {stage === 'starting' ? (
        <p class="empty">{words.loading}</p>
      ) : (
        <>
          <p>{words.server_unreachable}</p>
          <button type="button" class="primary" onClick={app.startAgain}>
            {words.retry}
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

// Browsers offer it over TLS and on the own machine only; without it the page works, but does not open offline.
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/worker.js').catch(() => {})
