/** Mentions in texts, as the server finds them and the page highlights them. Imports nothing, so that it loads in a browser. */

/** A name after an at sign, in a text or a part of one. */
export interface NameInText {
  /** Where its at sign is. */
  index: number
  /** Letters, digits, `_` and `-`, without the at sign. */
  name: string
}

/**
 * An at sign with a name. Not within a word, a mail address or a path (`a@minji.kr`, `x.kr/@minji`, `@types/node`), nor
 * after a backslash. Letters of other scripts may follow: Korean particles do.
 */
const NAMES = /[@＠]([A-Za-z0-9_-]+)(?![A-Za-z0-9_@＠-]|\/[A-Za-z0-9])/gu
/** What ends in front of an at sign that is part of something else; Safari has lookbehind from version 16.4 only. */
const JOINED = /(?:[\p{L}\p{N}\p{M}_/\\@＠]|[A-Za-z0-9][+-])$/u
/** Code units in front of an at sign that JOINED may need. */
const JOINED_MAX = 4

export const mayMention = (text: string) => text.includes('@') || text.includes('＠')

/** The names in a text that holds no code. */
export function namesIn(text: string): NameInText[] {
  return [...text.matchAll(NAMES)]
    .filter(({ index }) => !JOINED.test(text.slice(Math.max(0, index - JOINED_MAX), index)))
    .map(({ index, 1: name = '' }) => ({ index, name }))
}

/**
 * What a name may mean, the longest first: usernames may end in `-` or `_`, but such a sign is often punctuation.
 * In lower case.
 */
export function readings(name: string): string[] {
  const found = [name.toLowerCase()]
  for (let end = name.length; /[-_]/.test(name.charAt(end - 1)); end--) found.push(name.slice(0, end - 1).toLowerCase())
  return found.filter(reading => reading !== '')
}

/** What a text may ring besides members. */
export const groups = ['all', 'here'] as const
export type Group = (typeof groups)[number]

/** The beginning of a line that quotes or lists, and the fence behind it. */
const FENCE = /^((?:[ \t]*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s)))*)[ \t]*(`{3,}(?!.*`)|~{3,})/

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** Empties code spans of a paragraph: from a run of backticks to the next one that is as long. */
function withoutSpans(paragraph: string): string {
  if (!paragraph.includes('`')) return paragraph
  const runs = [...paragraph.matchAll(/\\[^\n]|`+/g)].filter(([run]) => run.startsWith('`'))
  /** Where the last run of each length is: after it, none closes a span. */
  const lasts = new Map(runs.map(([run], i) => [run.length, i]))
  let kept = ''
  let at = 0
  for (let i = 0; i < runs.length; i++) {
    const { 0: run, index: from = 0 } = runs[i] as RegExpMatchArray
    if ((lasts.get(run.length) ?? 0) <= i) continue
    do i++
    while (runs[i]?.[0].length !== run.length)
    const end = (runs[i]?.index ?? 0) + run.length
    kept += paragraph.slice(at, from) + blank(paragraph.slice(from, end))
    at = end
  }
  return kept + paragraph.slice(at)
}

/** The text with spaces for its code, its addresses and the labels of its links. */
export function spokenPart(text: string): string {
  const lines = text.split('\n')
  /** Lines of the paragraph before this one. */
  let paragraph: string[] = []
  const parts: string[] = []
  const endParagraph = () => {
    if (paragraph.length > 0) parts.push(withoutSpans(paragraph.join('\n')))
    paragraph = []
  }
  let fence: { sign: string; isQuoted: boolean } | undefined
  for (const line of lines) {
    if (fence) {
      const isInside = !fence.isQuoted || /^[ \t]*>/.test(line)
      const closes = line.replace(/^[ \t>]*/, '').trimEnd()
      parts.push(isInside ? blank(line) : line)
      if (!isInside || (closes.startsWith(fence.sign) && closes.replaceAll(fence.sign.charAt(0), '') === ''))
        fence = undefined
      continue
    }
    const opened = FENCE.exec(line)
    if (opened) {
      endParagraph()
      fence = { sign: opened[2] as string, isQuoted: (opened[1] as string).includes('>') }
      parts.push(blank(line))
    } else {
      paragraph.push(line)
      if (line.trim() === '') endParagraph()
    }
  }
  endParagraph()
  return parts
    .join('\n')
    .replace(/\[[^\]\n]*\]\([^)\s]*\)/g, blank)
    .replace(/(?:https?:\/\/|www\.)\S+/gi, blank)
}
