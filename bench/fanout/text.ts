/** Bytes of every message's text. */
export const TEXT_BYTES = 100
/** Opens the text, and stands nowhere else in what any peer sends, so that a receiver finds the number without parsing. */
export const MARK = 0x7e
const DIGITS = 8
const PADDING = 'x'.repeat(TEXT_BYTES - DIGITS - 1)

/** @param n the message's number in this run, below 10^8 */
export function textOf(n: number): string {
  return `~${String(n).padStart(DIGITS, '0')}${PADDING}`
}

/** @param at where the text begins */
export function numberAt(bytes: Uint8Array, at: number): number {
  let n = 0
  for (let i = at + 1; i <= at + DIGITS; i++) n = n * 10 + (bytes[i] as number) - 48
  return n
}
