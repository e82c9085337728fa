// As a literal, it would not compile for the language version that the project targets.
const SETS = 'v'
const RGI = new RegExp('^\\p{RGI_Emoji}$', SETS)
const VARIATION_SELECTORS = /[\ufe0e\ufe0f]/g
const MODIFIER = /^\p{Emoji_Modifier}/u
/** Emoji that are shown as text unless a variation selector follows. */
const TEXT_BY_DEFAULT = /^(?=\p{Emoji})\P{Emoji_Presentation}/u

/**
 * The spelling of an emoji that Unicode recommends for general interchange (RGI), with each variation selector that it
 * needs and no other. So all spellings of an emoji are one reaction.
 * @returns null if the text is not one such emoji, as far as the Unicode data of this process know
 */
export function canonicalEmoji(text: string): string | null {
  const points = [...text.replace(VARIATION_SELECTORS, '')]
  const spelled = points.map((point, at) => {
    const isText = TEXT_BY_DEFAULT.test(point) && !MODIFIER.test(points[at + 1] ?? '')
    return isText ? `${point}\ufe0f` : point
  })
  const emoji = spelled.join('')
  return RGI.test(emoji) ? emoji : null
}
