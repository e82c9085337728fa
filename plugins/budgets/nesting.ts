/** Nesting of JSON that is parsed; clients of this server need 2. */
const NESTING_MAX = 32

const QUOTE = 34
const BACKSLASH = 92
/** Of `[`, `{` and `]`, `}`: the two of a kind differ in this bit. */
const OPENING = 91
const CLOSING = 93
const BIT = 32

/**
 * Whether a JSON text is nested more deeply than anything that this server accepts. For 64 KiB of nested arrays
 * `JSON.parse` takes up to 50 ms, 20 times as long as for anything else, and this a tenth of a millisecond.
 */
export function isNestedTooDeeply(json: string): boolean {
  if (json.length <= NESTING_MAX) return false
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(json, at)
      if (at === -1) return false
    } else if ((code & ~BIT) === OPENING) {
      if (++depth > NESTING_MAX) return true
    } else if ((code & ~BIT) === CLOSING) {
      depth--
    }
  }
  return false
}

/** @param at of the opening quote @returns the place of the closing one; -1 if there is none */
function endOfString(json: string, at: number): number {
  let end = json.indexOf('"', at + 1)
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0
  while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}
