import { linkParts } from './links.js'

/** A part of a message. Each is inserted as text; the kind decides only how it looks and what a click does. */
export type MessageToken =
  | { kind: 'text' | 'code' | 'block'; text: string }
  | { kind: 'link'; text: string; href: string }

/** A code block, which ends at the next fence, or inline code. Without a closing fence it is plain text. */
const CODE = /```([\s\S]*?)```|`([^`\n]+)`/g
/** A word after the opening fence names a language and is not part of the code. */
const FENCE_WORD = /^[\w+#.-]*\r?\n/

export function parseMessage(text: string): MessageToken[] {
  const pieces: MessageToken[] = []
  let end = 0
  for (const match of text.matchAll(CODE)) {
    const [whole, block, code] = match
    const shown = block === undefined ? code : block.replace(FENCE_WORD, '').replace(/\r?\n$/, '')
    if (shown === undefined || shown.trim() === '') continue
    pieces.push(...plain(text.slice(end, match.index)))
    pieces.push({ kind: block === undefined ? 'code' : 'block', text: shown })
    end = match.index + whole.length
  }
  pieces.push(...plain(text.slice(end)))
  return pieces
}

const plain = (text: string): MessageToken[] =>
  linkParts(text).map(({ text, href }) => (href === undefined ? { kind: 'text', text } : { kind: 'link', text, href }))
