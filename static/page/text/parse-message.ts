import { linkParts } from './links.js'

/** A part of a message. Each is inserted as text; the kind decides only how it looks and what a click does. */
export type MessageToken =
  | { kind: 'text' | 'code' | 'block'; text: string }
  | { kind: 'link'; text: string; href: string }
  /** `#42` refers to a message of the same room. */
  | { kind: 'message'; text: string; id: number }

/** A code block, which ends at the next fence, or inline code. Without a closing fence it is plain text. */
const CODE = /```([\s\S]*?)```|`([^`\n]+)`/g
/** A word after the opening fence names a language and is not part of the code. */
const FENCE_WORD = /^[\w+#.-]*\r?\n/
/** After what cannot come before a reference; Safari has lookbehind from version 16.4 only. */
const REFERENCE = /(^|[^\w/#&])#([1-9]\d{0,9})(?!\w)/g

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

function plain(text: string): MessageToken[] {
  return linkParts(text).flatMap(({ text, href }) =>
    href === undefined ? references(text) : [{ kind: 'link' as const, text, href }],
  )
}

function references(text: string): MessageToken[] {
  const pieces: MessageToken[] = []
  let end = 0
  for (const { 0: whole, 1: before = '', 2: id, index } of text.matchAll(REFERENCE)) {
    const begin = index + before.length
    if (begin > end) pieces.push({ kind: 'text', text: text.slice(end, begin) })
    end = index + whole.length
    pieces.push({ kind: 'message', text: text.slice(begin, end), id: Number(id) })
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) })
  return pieces
}
