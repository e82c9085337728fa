import { AVATAR_COLORS } from '../../../schemas/wire.js'

/** The color of a user who has chosen none: the same name has the same color everywhere. */
export function avatarColor(username: string): string {
  let sum = 0
  for (const letter of username) sum = (sum * 31 + (letter.codePointAt(0) as number)) % 9973
  return AVATAR_COLORS[sum % AVATAR_COLORS.length] as string
}

/** One character in scripts with wide characters (Hangul, Han, Kana), otherwise up to two letters. */
export function initials(name: string): string {
  const words = name.split(/[\s_-]+/).filter(word => word !== '')
  const first = [...(words[0] ?? '?')][0] as string
  if (/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]/.test(first) || words.length < 2)
    return first.toUpperCase()
  return (first + [...(words[1] as string)][0]).toUpperCase()
}

/** Black or white, whichever has the higher contrast on the color (`#rrggbb`). */
export function textColorOn(color: string): '#000' | '#fff' {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000' : '#fff'
}
