import { foldNormal } from '../../../schemas/fold-text.js'

/**
 * How texts are searched: by whole words; by any part in scripts that put no spaces between words (Korean does, but not
 * where people search), and by emoji. The terms of a text narrow a search; `matches` decides.
 */

/** Raised with every change of the terms of a text: the stores then index all texts again. */
export const TERMS_VERSION = 2

/** Code points of an indexed word; of a longer one the beginning is indexed, and `matches` looks at the rest. */
const WORD_MAX = 40

/** Searched by parts. With the script extensions, which count ー and 々. */
const SCRIPTS = [
  ...['Hangul', 'Han', 'Hiragana', 'Katakana', 'Bopomofo'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tai_Le', 'New_Tai_Lue', 'Tai_Tham'],
]
/** A flag is two of these. */
const FLAG_LETTER = '[\\u{1f1e6}-\\u{1f1ff}]'
/** Emoji, skin tones, letters of flags, and the frame of a keycap, which is a mark but belongs to no word. */
const SIGN = '[\\p{Extended_Pictographic}\\u{1f3fb}-\\u{1f3ff}\\u{1f1e6}-\\u{1f1ff}\\u20e3]'
const PART = `(?:(?!\\u20e3)(?=[\\p{L}\\p{N}\\p{M}])[${SCRIPTS.map(script => `\\p{scx=${script}}`).join('')}])`
const PARTS = new RegExp(`(?<run>(?:${PART})+|${SIGN}+)|(?:(?!${PART}|${SIGN})[\\p{L}\\p{N}\\p{M}_])+`, 'gu')
const ASCII_PARTS = /[a-z0-9_]+/g
const ASCII = /^[\0-\x7f]*$/
const FLAG = new RegExp(`${FLAG_LETTER}{2}`, 'gu')

/** Hangul letters that stand alone, as in ㅋㅋ. NFKC would join them with their neighbours, so that a part is lost. */
const NOT_JAMO = /[^\u3130-\u318f]+/g

/** A text as it is compared. */
function normalize(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  const normal = foldNormal(text.replace(NOT_JAMO, piece => piece.normalize('NFKC')))
  // Flags side by side must not make a third one of the second letter and the next first one.
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

/** What a text is indexed under: its words, and the single characters and pairs of its runs. */
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
  /** Terms that every text has which the query matches; none if the query names nothing that can be found. */
  terms: string[]
  /** Whether a text holds all that the query names, whatever its case: words whole, runs as parts. */
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
      // Taking a text apart costs far more than looking whether it holds the words at all.
      if (!wanted.every(part => normal.includes(part))) return false
      if (words.size === 0) return true
      const found = partsOf(normal).words
      return [...words].every(word => found.has(word))
    },
  }
}
