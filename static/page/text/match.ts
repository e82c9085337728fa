import { foldNormal } from '../../../schemas/fold-text.js'

const LEADS = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'
const HANGUL_FIRST = 0xac00
/** Syllables that begin with the same consonant. */
const PER_LEAD = 588

/** A text with the leading consonant in place of each Hangul syllable: 디자인 becomes ㄷㅈㅇ. */
const leads = (text: string) =>
  text.replace(
    /[\uac00-\ud7a3]/g,
    syllable => LEADS[Math.floor((syllable.charCodeAt(0) - HANGUL_FIRST) / PER_LEAD)] ?? '',
  )

const isLead = (query: string) => [...query].every(letter => LEADS.includes(letter) || letter === ' ')

/** Letters of Hangul that stand alone stay, so that they are known as leading consonants. */
const fold = (text: string) => foldNormal(text.normalize('NFC'))

/** Whether a name contains what the user typed, which may be leading consonants alone: ㄷㅈ finds 디자인. */
export const matchesName = (name: string, query: string): boolean => placeOf(name, query) !== -1

/** Whether a name begins with what the user typed. */
export const startsName = (name: string, query: string): boolean => placeOf(name, query) === 0

/** Where a name contains what the user typed, in the folded name; -1 if it does not. */
function placeOf(name: string, query: string): number {
  const wanted = fold(query.trim())
  const searched = fold(name)
  const at = searched.indexOf(wanted)
  return at === -1 && isLead(wanted) ? leads(searched).indexOf(wanted) : at
}

/** A name in pieces; the one that the user typed, perhaps by leading consonants, is marked. */
export function markName(name: string, query: string): { text: string; marked: boolean }[] {
  const wanted = fold(query.trim())
  const at = wanted === '' ? -1 : placeOf(name, query)
  // A name that folds to another length has no place to mark.
  if (at === -1 || fold(name).length !== name.length) return [{ text: name, marked: false }]
  const end = at + wanted.length
  return [
    { text: name.slice(0, at), marked: false },
    { text: name.slice(at, end), marked: true },
    { text: name.slice(end), marked: false },
  ].filter(({ text }) => text !== '')
}

/** A text in pieces; those that contain one of the query's words are marked. */
export function markWords(text: string, query: string): { text: string; marked: boolean }[] {
  const words = query.split(/\s+/).filter(word => word !== '')
  if (words.length === 0) return [{ text, marked: false }]
  const pattern = new RegExp(`(${words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'giu')
  return text
    .split(pattern)
    .map((piece, index) => ({ text: piece, marked: index % 2 === 1 }))
    .filter(piece => piece.text !== '')
}
