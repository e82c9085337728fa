import { type Inline, parseInline } from './inline.js'

/** A part of a message that stands in lines of its own. */
export type Block =
  | { kind: 'text'; inside: Inline[] }
  /** `language` is empty if none was named. */
  | { kind: 'code'; text: string; language: string }
  | { kind: 'quote'; inside: Block[] }
  | { kind: 'list'; items: Item[] }

export interface Item {
  /** As it was typed, such as `3.`; empty for a bullet. */
  number: string
  /** How deep it is indented, from 0. */
  level: number
  inside: Inline[]
}

/** Quotes in quotes, and indentation of lists, beyond this are text. */
const DEPTH_MAX = 4

const QUOTE = /^>+(?: |$)/
/**
 * A number of more digits is a year, and one that another number follows is a date, as in `5. 1. 회의`; `+` stands before
 * what is gained or added.
 */
const ITEM = /^( *)(?:[-*]|(\d{1,3}[.)])) +(?!\d+\.(?:\s|$))(?=\S)/
/** A word after the opening fence names a language. */
const LANGUAGE = /^([\w+#.-]*)\r?\n/

/** Splits a message into what stands in lines of its own: code between fences, quotes and lists; all else is text. */
export function parseMessage(text: string, depth = 0): Block[] {
  const blocks: Block[] = []
  let plain = ''
  let rest = text
  function endPlain() {
    if (plain !== '') blocks.push({ kind: 'text', inside: parseInline(plain) })
    plain = ''
  }
  function end(block: Block) {
    endPlain()
    blocks.push(block)
  }
  while (rest !== '') {
    const quoted = depth < DEPTH_MAX ? linesOf(rest, line => QUOTE.test(line)) : []
    if (quoted.length > 0) {
      rest = after(rest, quoted)
      end({ kind: 'quote', inside: parseMessage(quoted.map(line => line.replace(/^> ?/, '')).join('\n'), depth + 1) })
      continue
    }
    const lines = ITEM.test(rest) ? itemLines(rest) : []
    if (lines.length > 0) {
      rest = after(rest, lines)
      end({ kind: 'list', items: itemsOf(lines) })
      continue
    }
    const line = linesOf(rest, (_, index) => index === 0)[0] as string
    const fence = line.indexOf('```')
    const close = fence < 0 ? -1 : rest.indexOf('```', fence + 3)
    const content = rest.slice(fence + 3, close)
    if (close >= 0 && content.trim() !== '') {
      plain += rest.slice(0, fence)
      rest = rest.slice(close + 3).replace(/^\r?\n/, '')
      const language = LANGUAGE.exec(content)
      const shown = content.slice(language?.[0].length ?? 0).replace(/\r?\n$/, '')
      end({ kind: 'code', text: shown, language: language?.[1] ?? '' })
      continue
    }
    const next = rest.slice(line.length + 1)
    plain += rest.slice(0, rest.length - next.length)
    rest = next
  }
  endPlain()
  return blocks
}

/** The first lines for which `belongs` holds. */
function linesOf(text: string, belongs: (line: string, index: number) => boolean): string[] {
  const lines: string[] = []
  let at = 0
  while (at < text.length) {
    const found = text.indexOf('\n', at)
    const line = text.slice(at, found < 0 ? text.length : found)
    if (!belongs(line, lines.length)) break
    lines.push(line)
    at += line.length + 1
  }
  return lines
}

const after = (text: string, lines: string[]) => text.slice(lines.reduce((sum, line) => sum + line.length + 1, 0))

/** Items, and indented lines that go on with one. A line that opens a fence is none of them. */
const itemLines = (text: string) =>
  linesOf(text, (line, index) => !line.includes('```') && (ITEM.test(line) || (index > 0 && /^ {2,}\S/.test(line))))

function itemsOf(lines: string[]): Item[] {
  const items: { number: string; level: number; text: string }[] = []
  const indents: number[] = []
  for (const line of lines) {
    const found = ITEM.exec(line)
    const last = items.at(-1)
    if (!found) {
      if (last) last.text += `\n${line.trim()}`
      continue
    }
    const [whole, indent = '', number = ''] = found
    while (indents.length > 0 && (indents.at(-1) as number) > indent.length) indents.pop()
    if ((indents.at(-1) ?? -1) < indent.length) indents.push(indent.length)
    items.push({ number, level: Math.min(indents.length - 1, DEPTH_MAX), text: line.slice(whole.length) })
  }
  return items.map(({ text, ...item }) => ({ ...item, inside: parseInline(text) }))
}
