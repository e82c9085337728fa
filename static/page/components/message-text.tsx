import { parseRoute } from '../state/route.js'
import { type MessageToken, parseMessage } from '../text/parse-message.js'
import { useApp } from './hooks.js'
import { isPlainClick } from './plain-click.js'

/** Stacked combining marks, which can cover the lines around them. Only such texts are clipped: a clip is costly. */
const STACKED = /\p{M}{3}/u

/** A message's text. It is only ever inserted as text, never as HTML; URLs become links. */
export function MessageText({ text }: { text: string }) {
  return (
    <div class={STACKED.test(text) ? 'text stacked' : 'text'} dir="auto">
      {parseMessage(text).map((piece, index) => (
        <MessageTokenView key={index} piece={piece} />
      ))}
    </div>
  )
}

function MessageTokenView({ piece }: { piece: MessageToken }) {
  const { router } = useApp()
  switch (piece.kind) {
    case 'text':
      return <>{piece.text}</>
    case 'code':
      return <code>{piece.text}</code>
    case 'block':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be wider than the screen, and keyboard users must be able to scroll it
        <pre tabIndex={0}>
          <code>{piece.text}</code>
        </pre>
      )
    case 'link':
      return (
        <a
          href={piece.href}
          target="_blank"
          rel="noopener noreferrer"
          tabIndex={-1}
          onClick={event => {
            const url = new URL(piece.href)
            const route = parseRoute(url)
            // A room or message of this server opens in this page.
            if (url.origin !== location.origin || route.room_id === null || !isPlainClick(event)) return
            event.preventDefault()
            router.go(route)
          }}
        >
          {piece.text}
        </a>
      )
  }
}
