import { JOINED_LETTER } from '../schemas/wire.js'
import { characters } from './characters.js'

/** Lone surrogates, which UTF-8 cannot have: many tools refuse a pattern that names them. */
const SURROGATES = /\\p\{Cs\}|\\ud800-\\udfff/g

/**
 * A pattern of our schemas for tools of any language: ECMAScript's names of classes of characters become ranges, and
 * characters beyond U+FFFF stand for themselves, because every language escapes them differently.
 */
export function portable(pattern: string): string {
  const plain = pattern
    .replaceAll('[^]', '[\\s\\S]')
    .replace(SURROGATES, '')
    .replaceAll(JOINED_LETTER, `[${rangesOf(JOINED_LETTER)}]`)
  let in_class = false
  return plain.replace(/\\p\{[^}]+\}|\\u\{([0-9a-f]+)\}|\\.|[[\]]/gs, (token, code_point?: string) => {
    if (token === '[' || token === ']') in_class = token === '['
    if (code_point !== undefined) return String.fromCodePoint(Number.parseInt(code_point, 16))
    if (!token.startsWith('\\p{')) return token
    return in_class ? rangesOf(token) : `[${rangesOf(token)}]`
  })
}

function rangesOf(name: string): string {
  const ranges = characters[name]
  if (ranges === undefined) throw new Error(`openapi/characters.ts has no ${name}: add it`)
  return ranges
}

/** Makes every `pattern` of a document portable. */
export function makePortable(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  for (const [name, child] of Object.entries(node)) {
    if (name === 'pattern' && typeof child === 'string') Object.assign(node, { pattern: portable(child) })
    else makePortable(child)
  }
}
