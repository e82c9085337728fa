import { WebSocket } from 'ws'
import { BEARER_PREFIX, closeCodes, SUBPROTOCOL } from '../../../schemas/wire.js'
import { type Finding, fail, ok, reason, warn } from './finding.js'

/** How long each answer may take, ms. */
const ANSWER_MS = 10_000
/** A token that no server accepts. */
const NO_TOKEN = 'doctor'

interface Answer {
  status: number
  /** Of an error of ours. */
  code: unknown
  /** Of `/health`. */
  health: unknown
  location: string | null
}

async function ask(url: URL, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) })
  const body = (await response.json().catch(() => null)) as { code?: unknown; status?: unknown } | null
  return {
    status: response.status,
    code: body?.code,
    health: body?.status,
    location: response.headers.get('location'),
  }
}

/** Checks a server from outside, through all proxies: whether they pass on what the server needs. */
export async function checkAddress(address: string): Promise<Finding[]> {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return [
      fail('url', `${address} is not an http or https URL`, 'Give the one that users open, as https://chat.example'),
    ]
  }
  if (url.pathname !== '/') {
    return [fail('url', `${address} has a path`, 'Give the server a host name of its own: a path does not work')]
  }
  try {
    const reached = await checkReached(url)
    if (reached.state === 'fail') return [reached]
    return [reached, await checkOrigin(url), await checkSocket(url), await checkMetrics(url)]
  } catch (error) {
    const message = `${url.origin} does not answer: ${reason(causeOf(error as Error))}`
    return [fail('url', message, 'Check its name, port and certificate, and that proxy and server run')]
  }
}

/** `fetch` wraps what failed, and that may be a list of one error for each address of the name. */
function causeOf(error: Error): unknown {
  const cause = (error.cause ?? error) as Error & { errors?: unknown[] }
  return cause.errors?.[0] ?? cause
}

async function checkReached(url: URL): Promise<Finding> {
  const { status, health, location } = await ask(new URL('/health', url))
  if (health === 'ok') return checkName(url)
  if (status >= 300 && status < 400) {
    return fail('url', `${url.origin} redirects to ${location}`, 'Give the address that it redirects to')
  }
  if (status >= 500) {
    const fix = 'Start the server, and check the address that the proxy forwards to'
    return fail('url', `a proxy answers at ${url.origin}, but the server behind it does not (status ${status})`, fix)
  }
  return fail('url', `another program answers at ${url.origin} (status ${status})`, 'Check the name and the port')
}

/** `/health` answers for any name; nothing else does if the name is not allowed. */
async function checkName(url: URL): Promise<Finding> {
  const { code } = await ask(new URL('/auth/me', url))
  if (code !== 'HOST_REFUSED') return ok('url', `the server answers at ${url.origin}`)
  const fix = `Add ${url.hostname} to ALLOWED_HOSTS; if it is there, the proxy must pass the header Host: ${url.host}`
  return fail('url', `the server refuses the name by which requests to ${url.origin} reach it`, fix)
}

/** Whether the server knows its own origin, to which it must compare that of a page. */
async function checkOrigin(url: URL): Promise<Finding> {
  const isAccepted = async (origin: string) => {
    const headers = { origin, cookie: `token=${NO_TOKEN}` }
    return (await ask(new URL('/auth/refresh', url), { method: 'POST', headers })).code !== 'ORIGIN_REFUSED'
  }
  const { origin, host, hostname, protocol, port } = url
  if (await isAccepted(origin)) return ok('origin', `pages of ${origin} can log in`)
  const setProtocol = 'The proxy must set X-Forwarded-Proto, and TRUST_PROXY name the addresses that it connects from'
  const passHost = `The proxy must pass the header Host: ${host} (nginx: proxy_set_header Host $http_host)`
  const other = protocol === 'https:' ? 'http:' : 'https:'
  const guesses: [origin: string, fix: string][] = [[`${other}//${host}`, setProtocol]]
  if (port !== '') {
    guesses.push([`${protocol}//${hostname}`, passHost], [`${other}//${hostname}`, `${passHost}. ${setProtocol}`])
  }
  for (const [guess, fix] of guesses) {
    if (await isAccepted(guess)) return fail('origin', `the server takes itself for ${guess}, not ${origin}`, fix)
  }
  const message = `the server takes itself for another host than ${host}: its log names it`
  return fail('origin', message, `${passHost}, or ALLOWED_ORIGINS must name ${origin}`)
}

/** Whether a WebSocket opens: the server closes it, because the token is invalid. */
async function checkSocket(url: URL): Promise<Finding> {
  const socket = new WebSocket(`${url.origin.replace(/^http/, 'ws')}/ws`, [SUBPROTOCOL, BEARER_PREFIX + NO_TOKEN], {
    handshakeTimeout: ANSWER_MS,
    origin: url.origin,
  })
  let status: number | undefined
  socket.on('unexpected-response', (_, response) => {
    status = response.statusCode
    socket.terminate()
  })
  let failure: unknown
  socket.on('error', error => {
    failure = error
  })
  const timer = setTimeout(() => socket.terminate(), ANSWER_MS)
  const code = await new Promise<number>(resolve => socket.once('close', resolve))
  clearTimeout(timer)
  if (code === closeCodes.unauthorized.code) return ok('socket', 'WebSockets pass')
  if (status === 401) {
    const message = 'a proxy drops the header Sec-WebSocket-Protocol, which has the token'
    return fail('socket', message, 'Let the proxy pass all headers whose names begin with Sec-WebSocket-')
  }
  if (status !== undefined) {
    const message = `a proxy lets no WebSocket pass (status ${status}): messages go over HTTP, with a delay`
    return fail('socket', message, 'Let it pass the headers Upgrade and Connection, as deploy/nginx.conf does')
  }
  const why = failure === undefined ? `it was closed with ${code}` : reason(failure)
  return fail('socket', `no WebSocket stays open: ${why}`, 'Check the proxy’s log and its timeouts')
}

async function checkMetrics(url: URL): Promise<Finding> {
  const { status } = await ask(new URL('/metrics', url))
  if (status !== 200) return ok('metrics', '/metrics is not public')
  return warn('metrics', 'anyone can read /metrics', 'Let the proxy not pass it on, or set METRICS_TOKEN')
}
