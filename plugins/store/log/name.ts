import { foldText } from '../../../schemas/fold-text.js'

/** Raised with every change of `foldName` or `sortKey`, whose results are stored. */
export const NAMES_VERSION = 2

/** A room's name as it is searched and kept unique: names that a reader takes for the same are the same. */
export const foldName = foldText

/**
 * Takes the place of a folded name that another room has: older servers told names apart by case. It shows in no list,
 * and no name folds to it.
 */
export const keyOfDuplicate = (name: string, room_id: string) => `${foldName(name)}\u0001${room_id}`

/** Latin and Greek letters sort without their accents, and Cyrillic ё like е. Elsewhere marks make other letters. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}])[\u0300-\u036f]+|(?<=е)\u0308|[\u3099\u309a]/gu
/** Latin letters that Unicode does not take apart. */
const LETTERS: Record<string, string> = { æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ħ: 'h', þ: 'th', ð: 'd' }
const TOKENS = /\p{Nd}+|./gsu

/** Korean sorts after other letters and before Kana and Han, as people expect of a list in Unicode's default order. */
function classOf(letter: string): string {
  if (/\p{Script=Hangul}/u.test(letter)) return '3'
  if (/\p{Script=Hiragana}|\p{Script=Katakana}/u.test(letter)) return '4'
  return /\p{Script=Han}/u.test(letter) ? '5' : '2'
}

/** Katakana sort with their Hiragana. */
const hiragana = (letter: string) =>
  /[\u30a1-\u30f6]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) - 0x60) : letter

function sortToken(token: string): string {
  if (/^[0-9]/.test(token)) {
    const digits = token.replace(/^0+(?=.)/, '')
    return `1${String(digits.length).padStart(3, '0')}${digits}`
  }
  return /[\p{L}\p{M}\p{Nd}]/u.test(token) ? `${classOf(token)}${hiragana(token)}` : `0${token}`
}

/**
 * Room names sort as people sort them if these are compared by bytes: symbols, numbers by their value, then letters
 * whatever their case and accents: Latin, Greek, Cyrillic and so on, Korean, Japanese, Chinese. JavaScript has collators
 * but no keys of theirs, and no two databases sort alike.
 */
export function sortKey(name: string): string {
  const folded = foldName(name)
  const plain = folded
    .normalize('NFD')
    .replace(ACCENTS, '')
    .normalize('NFC')
    .replace(/[æœøłđħþð]/g, letter => LETTERS[letter] as string)
  const primary = [...plain.matchAll(TOKENS)].map(([token]) => sortToken(token)).join('')
  // Names that differ in accents or case only have an order, too.
  return `${primary}\u0001${folded}\u0001${name}`
}
