const ASCII = /^[\0-\x7f]*$/
/**
 * Characters that show nothing themselves (variation selectors, joiners, direction marks, soft hyphens, fillers), and
 * letters in lower case that have another equal: ß like ss, ς like σ, ı like i.
 */
const SPECIAL = /[\p{Default_Ignorable_Code_Point}\p{Changes_When_Casefolded}ı]+/gu
const IGNORED = /\p{Default_Ignorable_Code_Point}+/gu

const foldSpecial = (special: string) => special.replace(IGNORED, '').toUpperCase().toLowerCase().replaceAll('ς', 'σ')

/**
 * Texts that a reader takes for the same fold to the same, whatever their case, composition (NFC, NFD), width and
 * invisible characters. The Turkish letters İ and ı fold to i, because a searcher may type either. Loads in a browser.
 */
export function foldText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return foldNormal(text.normalize('NFKC'))
}

/** The same for a text whose compatible characters were replaced already, or are to stay. */
export function foldNormal(text: string): string {
  // An İ in lower case is an i with a dot above; both may be typed that way, too.
  return text.toLowerCase().replace(SPECIAL, foldSpecial).replaceAll('i\u0307', 'i').normalize('NFC')
}
