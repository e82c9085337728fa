import { foldNormal } from '../../../schemas/fold-text.js'

/**
 * Full-text search: by whole words, by any part in scripts written without spaces (and in Korean, whose words carry
 * particles), and by emoji. The terms of a text narrow a search; `matches` decides.
 */

/** Raised for every change of how terms are computed, so that stores reindex all texts. */
export const TERMS_VERSION = 2

/** Code points of an indexed word; longer words are indexed by their beginning, and `matches` compares the rest. */
const WORD_MAX = 40

/** Scripts searched by parts. Script extensions include ー and 々. */
const SCRIPTS = [
  ...['Hangul', 'Han', 'Hiragana', 'Katakana', 'Bopomofo'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tai_Le', 'New_Tai_Lue', 'Tai_Tham'],
]
/** A flag is two of these. */
const FLAG_LETTER = '[\\u{1f1e6}-\\u{1f1ff}]'
/** Emoji, skin tones, flag letters, and the keycap's frame, which is a combining mark but not part of a word. */
const SIGN = '[\\p{Extended_Pictographic}\\u{1f3fb}-\\u{1f3ff}\\u{1f1e6}-\\u{1f1ff}\\u20e3]'
const PART = `(?:(?!\\u20e3)(?=[\\p{L}\\p{N}\\p{M}])[${SCRIPTS.map(script => `\\p{scx=${script}}`).join('')}])`
const PARTS = new RegExp(`(?<run>(?:${PART})+|${SIGN}+)|(?:(?!${PART}|${SIGN})[\\p{L}\\p{N}\\p{M}_])+`, 'gu')
const ASCII_PARTS = /[a-z0-9_]+/g
const ASCII = /^[\0-\x7f]*$/
const FLAG = new RegExp(`${FLAG_LETTER}{2}`, 'gu')

/** Standalone Hangul letters, as in ㅋㅋ, are excluded from NFKC, which would merge them with their neighbours. */
const NOT_JAMO = /[^\u3130-\u318f]+/g

/** A text in the form in which it is compared. */
function normalize(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  const normal = foldNormal(text.replace(NOT_JAMO, piece => piece.normalize('NFKC')))
  // Adjacent flags must not form a third one from the second letter of one and the first letter of the next.
  return normal.includes('\ud83c') ? normal.replace(FLAG, '$& ') : normal
}

interface Parts {
  words: Set<string>
  /** Unbroken runs of letters of SCRIPTS, or of signs. */
  runs: Set<string>
}

function partsOf(normal: string): Parts {
  if (ASCII.test(normal)) return { words: new Set(normal.match(ASCII_PARTS)), runs: new Set() }
  const words = new Set<string>()
  const runs = new Set<string>()
  for (const match of normal.matchAll(PARTS)) (match.groups?.run === undefined ? words : runs).add(match[0])
  return { words, runs }
}

const beginning = (word: string) => (word.length <= WORD_MAX ? word : [...word].slice(0, WORD_MAX).join(''))

/** The terms under which a text is indexed: its words, and the single characters and pairs of its runs. */
export function textTerms(text: string): Set<string> {
  const { words, runs } = partsOf(normalize(text))
  const terms = new Set<string>()
  for (const word of words) terms.add(beginning(word))
  for (const run of runs) {
    let last = ''
    for (const character of run) {
      terms.add(character)
      if (last !== '') terms.add(last + character)
      last = character
    }
  }
  return terms
}

export interface Query {
  /** Terms that every matching text has; empty if the query contains nothing searchable. */
  terms: string[]
  /** Whether a text contains everything in the query, regardless of case: words as a whole, runs as parts. */
  matches(text: string): boolean
}

export function parseQuery(query: string): Query {
  const { words, runs } = partsOf(normalize(query))
  const terms = new Set<string>()
  for (const word of words) terms.add(beginning(word))
  for (const run of runs) {
    const characters = [...run]
    if (characters.length === 1) terms.add(run)
    for (let i = 1; i < characters.length; i++) terms.add(`${characters[i - 1]}${characters[i]}`)
  }
  const wanted = [...words, ...runs]

  return {
    terms: [...terms],
    matches(text) {
      if (terms.size === 0) return false
      const normal = normalize(text)
      // Tokenising a text costs far more than checking whether it contains the words at all.
      if (!wanted.every(part => normal.includes(part))) return false
      if (words.size === 0) return true
      const found = partsOf(normal).words
      return [...words].every(word => found.has(word))
    },
  }
}
