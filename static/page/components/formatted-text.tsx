import type { ComponentChildren } from 'preact'
import { useContext, useMemo } from 'preact/hooks'
import { parseRoute } from '../state/route.js'
import { type Block, parseMessage } from '../text/format.js'
import type { Inline } from '../text/inline.js'
import { useApp } from './hooks.js'
import { Mentioned } from './mentioned.js'
import { isPlainClick } from './plain-click.js'
import { MentionsContext, PlainText } from './plain-text.js'

/** The elements of a message's text. */
export function FormattedText({ text }: { text: string }): ComponentChildren {
  const blocks = useMemo(() => {
    try {
      return parseMessage(text)
    } catch {
      // A text that the parser fails on must not keep the room from opening.
      return null
    }
  }, [text])
  if (!blocks) return <PlainText text={text} />
  const [first] = blocks
  return blocks.length === 1 && first?.kind === 'text' ? first.inside.map(inlineView) : blocks.map(blockView)
}

function blockView(block: Block, key: number): ComponentChildren {
  switch (block.kind) {
    case 'text':
      return (
        <div key={key} class="lines">
          {block.inside.map(inlineView)}
        </div>
      )
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be wider than the screen, and keyboard users must be able to scroll it
        <pre key={key} tabIndex={0} data-language={block.language || undefined}>
          <code>{block.text}</code>
        </pre>
      )
    case 'quote':
      return <blockquote key={key}>{block.inside.map(blockView)}</blockquote>
    case 'list':
      return (
        <ul key={key}>
          {block.items.map(({ number, level, inside }, index) => (
            <li key={index} style={{ '--level': level }}>
              <span class="marker">{number || '•'}</span>
              <span>{inside.map(inlineView)}</span>
            </li>
          ))}
        </ul>
      )
  }
}

const Spoken = ({ text }: { text: string }) => <Mentioned text={text} by={useContext(MentionsContext)} />

const TAGS = { bold: 'strong', italic: 'em', struck: 's' } as const

function inlineView(piece: Inline, key: number): ComponentChildren {
  switch (piece.kind) {
    case 'text':
      return <Spoken key={key} text={piece.text} />
    case 'code':
      return <code key={key}>{piece.text}</code>
    case 'link':
      return <TextLink key={key} {...piece} />
    default: {
      const Tag = TAGS[piece.kind]
      return <Tag key={key}>{piece.inside.map(inlineView)}</Tag>
    }
  }
}

function TextLink({ href, host, inside }: Inline & { kind: 'link' }) {
  const { router } = useApp()
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={-1}
      onClick={event => {
        const url = new URL(href)
        const route = parseRoute(url)
        // A room or message of this server opens in this page.
        if (url.origin !== location.origin || route.room_id === null || !isPlainClick(event)) return
        event.preventDefault()
        router.go(route)
      }}
    >
      {inside.map((piece, key) => (piece.kind === 'text' ? piece.text : inlineView(piece, key)))}
      {host && <span class="leads-to">({host})</span>}
    </a>
  )
}
