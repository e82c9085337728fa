/**
 * How texts are searched: by whole words, and, in Korean, Chinese and Japanese, which put no spaces where a searcher
 * would, by any part. The terms of a text narrow a search; `matches` decides.
 */

/** Code points of an indexed word; of a longer one the beginning is indexed, and `matches` looks at the rest. */
const WORD_MAX = 40

// Letters, digits and marks of Hangul, Han and Kana; with the script extensions, which count ー and 々.
const CJK = '(?=[\\p{L}\\p{N}\\p{M}])[\\p{scx=Hangul}\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}]'
const PARTS = new RegExp(`(?<run>(?:${CJK})+)|(?:(?!${CJK})[\\p{L}\\p{N}\\p{M}_])+`, 'gu')
const ASCII_PARTS = /[a-z0-9_]+/g
const ASCII = /^[\0-\x7f]*$/

/** Hangul letters that stand alone, as in ㅋㅋ. NFKC would join them with their neighbours, so that a part is lost. */
const NOT_JAMO = /[^\u3130-\u318f]+/g

interface Parts {
  normal: string
  words: Set<string>
  /** Unbroken runs of Hangul, Han or Kana. */
  runs: Set<string>
}

function parse(text: string): Parts {
  if (ASCII.test(text)) {
    const normal = text.toLowerCase()
    return { normal, words: new Set(normal.match(ASCII_PARTS)), runs: new Set() }
  }
  const normal = text.replace(NOT_JAMO, piece => piece.normalize('NFKC')).toLowerCase()
  const words = new Set<string>()
  const runs = new Set<string>()
  for (const match of normal.matchAll(PARTS)) (match.groups?.run === undefined ? words : runs).add(match[0])
  return { normal, words, runs }
}

const beginning = (word: string) => (word.length <= WORD_MAX ? word : [...word].slice(0, WORD_MAX).join(''))

/** What a text is indexed under: its words, and the single characters and pairs of its CJK runs. */
export function textTerms(text: string): Set<string> {
  const { words, runs } = parse(text)
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

/** Terms that every text has which `query` matches; none if the query holds no word that can be found. */
export function queryTerms(query: string): string[] {
  const { words, runs } = parse(query)
  const terms = new Set<string>()
  for (const word of words) terms.add(beginning(word))
  for (const run of runs) {
    const characters = [...run]
    if (characters.length === 1) terms.add(run)
    for (let i = 1; i < characters.length; i++) terms.add(`${characters[i - 1]}${characters[i]}`)
  }
  return [...terms]
}

/** Whether a text holds all that the query names, whatever its case: words whole, CJK runs as parts. */
export function matches(text: string, query: string): boolean {
  const wanted = parse(query)
  if (wanted.words.size + wanted.runs.size === 0) return false
  const { normal, words } = parse(text)
  for (const word of wanted.words) if (!words.has(word)) return false
  for (const run of wanted.runs) if (!normal.includes(run)) return false
  return true
}
