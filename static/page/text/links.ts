/** An address in a text. */
export interface Link {
  /** Where it begins. */
  start: number
  text: string
  /** Only ever http, https or mailto. */
  href: string
}

/** A label of a host: letters of any script, since names are also in Hangul, and the browser knows their ASCII form. */
const LABEL = '[\\p{L}\\p{M}\\p{N}_](?:[\\p{L}\\p{M}\\p{N}_-]*[\\p{L}\\p{M}\\p{N}_])?'
const HOST = `${LABEL}(?:\\.${LABEL})*`
/**
 * After a slash any character may follow, but the brackets and punctuation of Korean texts and what ends a mark or the text
 * of a link.
 */
const REST = '(?::\\d{1,5})?(?:[/?#](?:(?!\\*\\*|~~|\\]\\()[^\\s<>"`（）「」『』《》〈〉【】。、，！？；：])*)?'
/** After what cannot come before an address; Safari has lookbehind from version 16.4 only. */
const ADDRESS = new RegExp(
  [
    `(^|[^a-z0-9_])(https?://)(${HOST})(${REST})`,
    `(^|[^a-z0-9_.:/@-])(www\\.)(${HOST}\\.${LABEL})(${REST})`,
    `(^|[^a-z0-9_.:/@+-])([a-z0-9_.+-]{1,64}@)(${HOST}\\.${LABEL})()`,
  ].join('|'),
  'giu',
)
/** What follows if the host goes on in a way that no host does, or further behind, after a name and a password. */
const GOES_ON = /^(?:%|-+[.\p{L}\p{N}]|[^\s/]*@)/u
/** Characters that end a sentence rather than a URL. */
const CLOSING = new Set('.,;:!?\'")]}>*_~…’”»。、，！？」』）】》〉')
const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/
/** The domains of the highest level that are written in Hangul. */
const HANGUL_DOMAINS = ['한국', '닷컴', '닷넷', '삼성']

/** What follows a word without a space. A word that only begins so is not told from the end of a path. */
const PARTICLES =
  '(?:은|는|이|가|을|를|에|의|도|만|와|과|로|랑|에서|에서는|에도|에는|으로|이랑|부터|까지|이나|처럼|보다|라고|이라고|입니다|이에요|예요)'
const PARTICLE = new RegExp(`^(.*[\\w/)%])${PARTICLES}$`, 'su')

/** Finds URLs, also those that begin with `www.`, and mail addresses. */
export function linksIn(text: string): Link[] {
  const links: Link[] = []
  for (const match of text.matchAll(ADDRESS)) {
    const [before = '', head = '', found = '', rest = ''] = match.slice(1).filter(group => group !== undefined)
    const host = withoutParticle(found)
    if (host === null || GOES_ON.test(text.slice(match.index + match[0].length))) continue
    // What follows a particle is not the rest of the address.
    const address = withoutEnd(head + host + (host === found ? rest : ''))
    const href = head.endsWith('@') ? mailOf(head, host) : hrefOf(head.endsWith('/') ? address : `https://${address}`)
    if (href !== null) links.push({ start: match.index + before.length, text: address, href })
  }
  return links
}

/** What a link may lead to: an address of the web or a mailbox, null for all else. */
export function safeHref(address: string): string | null {
  return /^(?:https?:\/\/|mailto:)/i.test(address) ? hrefOf(address) : null
}

/**
 * A host without the Korean particle that follows it without a space, as in `example.com에서`. Null if it cannot be known
 * where the host ends: a link to a part of it would lead elsewhere.
 */
function withoutParticle(host: string): string | null {
  const last = host.lastIndexOf('.') + 1
  const label = host.slice(last)
  const at = label.search(HANGUL)
  if (at === -1) return host
  if (at > 0) return host.slice(0, last + at).replace(/-+$/, '')
  const domain = HANGUL_DOMAINS.find(known => label.startsWith(known))
  return domain === undefined || last === 0 ? null : host.slice(0, last) + domain
}

function mailOf(mailbox: string, host: string): string | null {
  const url = hrefOf(`https://${host}`)
  return url && `mailto:${mailbox}${new URL(url).hostname}`
}

/** Null if it is no URL. Safari has `URL.canParse` from version 17 only. */
function hrefOf(address: string): string | null {
  try {
    return new URL(address).href
  } catch {
    return null
  }
}

/** Without a particle and punctuation behind it. */
function withoutEnd(address: string): string {
  const closed = withoutClosing(address)
  const word = PARTICLE.exec(closed)?.[1]
  return word === undefined ? closed : withoutClosing(word)
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
