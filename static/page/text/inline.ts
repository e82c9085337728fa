import MarkdownIt, { type StateInline } from 'markdown-it'
import cjkFriendly from 'markdown-it-cjk-friendly'
import { type Link, linksIn, safeHref } from './links.js'

/** A piece of a line. Texts are only ever inserted as text. */
export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'bold' | 'italic' | 'struck'; inside: Inline[] }
  /** `host` is set if the text between the brackets looks like another address than the link leads to. */
  | { kind: 'link'; href: string; host?: string; inside: Inline[] }

/** Marks inside marks beyond this show only their text. */
const DEPTH_MAX = 8
/** Characters at which a rule may begin. */
const MARKUP = /[*_~`[\]\\]/g
const WORD = /[a-z0-9]/i
const BACKTICKS = /`+/g

const markdown = new MarkdownIt('zero')
markdown.use(cjkFriendly)
// The CommonMark rules for links, code and addresses differ too much from what chat texts need; see below.
markdown.inline.ruler.enable(['strikethrough', 'emphasis'])
markdown.inline.ruler2.enable(['balance_pairs', 'strikethrough', 'emphasis', 'fragments_join'])
markdown.inline.ruler.at('text', plain)
markdown.inline.ruler.before('strikethrough', 'backslash', backslash)
markdown.inline.ruler.before('strikethrough', 'code', code)
markdown.inline.ruler.before('strikethrough', 'named_link', namedLink)
markdown.inline.ruler.before('strikethrough', 'address', address)

const { State } = markdown.inline
markdown.inline.State = class extends State {
  /**
   * `2*3*4` and `a**b**c` are no emphasis; beside Hangul, which takes no space before a particle, it is. Only `**` is
   * bold: `__init__` is a name.
   */
  override scanDelims(start: number, can_split_word: boolean) {
    const found = super.scanDelims(start, can_split_word)
    const inside_word = WORD.test(this.src[start - 1] ?? '') && WORD.test(this.src[start + found.length] ?? '')
    const is_name = found.length > 1 && this.src[start] === '_'
    return inside_word || is_name ? { ...found, can_open: false, can_close: false } : found
  }
}

/** What every rule is told of the text. */
type Env = Record<PropertyKey, unknown> & { links: Link[] }

const linksOf = ({ env }: StateInline) => (env as Env).links

/** Text up to the next character or address at which a rule may begin. Line breaks and indentation stay. */
function plain(state: StateInline, silent: boolean): boolean {
  MARKUP.lastIndex = state.pos
  const markup = MARKUP.exec(state.src)?.index ?? state.posMax
  const link = linksOf(state).find(({ start }) => start >= state.pos)?.start ?? state.posMax
  const end = Math.min(markup, link, state.posMax)
  if (end === state.pos) return false
  if (!silent) state.pending += state.src.slice(state.pos, end)
  state.pos = end
  return true
}

/** A backslash stays, as in paths and `¯\_(ツ)_/¯`, and what follows it begins no markup. */
function backslash(state: StateInline, silent: boolean): boolean {
  if (state.src[state.pos] !== '\\') return false
  const end = Math.min(state.pos + 2, state.posMax)
  if (!silent) state.pending += state.src.slice(state.pos, end)
  state.pos = end
  return true
}

/** Code in one line, between two runs of as many backticks. */
function code(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state
  if (src[pos] !== '`') return false
  BACKTICKS.lastIndex = pos
  const opening = BACKTICKS.exec(src)?.[0] as string
  const line_end = src.indexOf('\n', pos)
  const limit = line_end < 0 ? posMax : Math.min(posMax, line_end)
  for (let close = BACKTICKS.exec(src); close && close.index < limit; close = BACKTICKS.exec(src)) {
    if (close[0].length !== opening.length) continue
    const content = src.slice(pos + opening.length, close.index)
    if (content.trim() === '') break
    if (!silent) state.push('code', 'code', 0).content = content.replace(/^ (.*[^ ].*) $/, '$1')
    state.pos = close.index + opening.length
    return true
  }
  // The whole run is text: a part of it must not begin code.
  if (!silent) state.pending += opening
  state.pos += opening.length
  return true
}

/** `[text](address)`. Anything but an address of the web or of a mailbox leaves it as it was typed. */
function namedLink(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state
  if (src[pos] !== '[' || src.indexOf('](', pos) < 0) return false
  const end = markdown.helpers.parseLinkLabel(state, pos, true)
  if (end < 0 || src[end + 1] !== '(' || src.slice(pos + 1, end).trim() === '') return false
  const target = markdown.helpers.parseLinkDestination(src, end + 2, posMax)
  const href = target.ok ? safeHref(target.str) : null
  if (href === null || src[target.pos] !== ')') return false
  if (!silent) {
    state.pos = pos + 1
    state.posMax = end
    const opening = state.push('link_open', 'a', 1)
    opening.attrSet('href', href)
    opening.content = src.slice(pos + 1, end)
    state.linkLevel++
    markdown.inline.tokenize(state)
    state.linkLevel--
    state.push('link_close', 'a', -1)
  }
  state.pos = target.pos + 1
  state.posMax = posMax
  return true
}

/** An address that stands in the text. Between the brackets of a link it is only text. */
function address(state: StateInline, silent: boolean): boolean {
  const link = linksOf(state).find(({ start }) => start === state.pos)
  if (!link || state.pos + link.text.length > state.posMax) return false
  if (!silent) {
    if (state.linkLevel > 0) state.pending += link.text
    else {
      const token = state.push('address', 'a', 0)
      token.attrSet('href', link.href)
      token.content = link.text
    }
  }
  state.pos += link.text.length
  return true
}

const MARKS = { strong: 'bold', em: 'italic', s: 'struck' } as const

/** Finds the marks, code and links in a text. */
export function parseInline(text: string): Inline[] {
  const env: Env = { links: linksIn(text) }
  const [line] = markdown.parseInline(text, env)
  const root: Inline[] = []
  const open: Inline[][] = [root]
  for (const token of line?.children ?? []) {
    const at = open.at(-1) as Inline[]
    const href = String(token.attrGet('href'))
    const name = token.type.replace(/_(?:open|close)$/, '')
    if (token.type === 'text') {
      if (token.content !== '') at.push({ kind: 'text', text: token.content })
    } else if (token.type === 'code') at.push({ kind: 'code', text: token.content })
    else if (token.type === 'address') {
      at.push({ kind: 'link', href, inside: [{ kind: 'text', text: token.content }] })
    } else if (token.nesting < 0) open.pop()
    else if (open.length > DEPTH_MAX) open.push(at)
    else {
      const inside: Inline[] = []
      at.push(
        name === 'link'
          ? namedLinkOf(href, token.content, inside)
          : { kind: MARKS[name as keyof typeof MARKS], inside },
      )
      open.push(inside)
    }
  }
  return root
}

/**
 * A text that looks like an address or a name makes users believe that the link leads there: then the link also shows the
 * host that it leads to.
 */
function namedLinkOf(href: string, label: string, inside: Inline[]): Inline {
  const shown = label.normalize('NFKC')
  const url = new URL(href)
  const host = url.protocol === 'mailto:' ? url.pathname : url.host
  const leads = linksIn(shown).map(link => new URL(link.href))
  const is_honest = leads.length > 0 && leads.every(other => other.host === url.host && other.pathname === url.pathname)
  return { kind: 'link', href, ...(/[.@:/]/.test(shown) && !is_honest && { host }), inside }
}
