export interface Part {
  text: string
  /** Only ever http or https. */
  href?: string
}

/**
 * The host is ASCII, so that a Korean particle after a URL is not part of it; after a slash any character may follow.
 */
const ADDRESS = /\bhttps?:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:[/?#][^\s<>"]*)?/giu
/** Characters that end a sentence rather than a URL. */
const CLOSING = new Set('.,;:!?\'")]}>…’”»。、，！？」』）】》〉')

/** Splits a text into plain parts and URLs. */
export function linkParts(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = withoutClosing(match)
    const href = hrefOf(address)
    if (href === null) continue
    if (index > end) parts.push({ text: text.slice(end, index) })
    parts.push({ text: address, href })
    end = index + address.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

/** Null if it is no URL. Safari has `URL.canParse` from version 17 only. */
function hrefOf(address: string): string | null {
  try {
    return new URL(address).href
  } catch {
    return null
  }
}

/** Drops punctuation at the end, but keeps a closing bracket that was opened inside, as in URLs of Wikipedia. */
function withoutClosing(address: string): string {
  let end = address.length
  while (end > 0 && CLOSING.has(address[end - 1] as string)) {
    const body = address.slice(0, end)
    if (body.endsWith(')') && body.split('(').length >= body.split(')').length) break
    end--
  }
  return address.slice(0, end)
}
