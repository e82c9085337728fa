import { type MessageToken, parseMessage } from '../text/parse-message.js'
import { useApp } from './hooks.js'

/** Marks on marks, which can reach far over the lines around them. Only such a text is clipped, for a clip costs. */
const STACKED = /\p{M}{3}/u

/** What somebody wrote, as text: nothing in it becomes markup, and addresses can be followed. */
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
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be wider than the screen, and the keys scroll it, too
        <pre tabIndex={0}>
          <code>{piece.text}</code>
        </pre>
      )
    case 'link':
      return (
        <a href={piece.href} target="_blank" rel="noopener noreferrer">
          {piece.text}
        </a>
      )
    case 'message':
      return (
        <a
          href={piece.text}
          onClick={event => {
            event.preventDefault()
            router.goToMessage(piece.id)
          }}
        >
          {piece.text}
        </a>
      )
  }
}
