/** The part of a service worker's globals that is used here: the compiler's own types conflict with a page's. */
interface LifetimeEvent extends Event {
  waitUntil(done: Promise<unknown>): void
}
interface RequestEvent extends LifetimeEvent {
  request: Request
  respondWith(response: Promise<Response>): void
}
interface WorkerGlobals {
  addEventListener(type: 'install' | 'activate', listener: (event: LifetimeEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: RequestEvent) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  location: Location
}
const worker = globalThis as unknown as WorkerGlobals

/** The app shell, and nothing else: no response of the API is ever cached. */
const SHELL = [
  '/',
  '/assets/main.js',
  '/assets/page.css',
  '/assets/icon.svg',
  '/assets/icon-unread.svg',
  '/assets/icon-192.png',
  '/assets/manifest.webmanifest',
]
const CACHE = 'talkie.shell'
/** After this a network that does not respond counts as offline, ms. */
const TIMEOUT_MS = 4000

worker.addEventListener('install', event => {
  event.waitUntil(
    caches.open(CACHE).then(cache => cache.addAll(SHELL.map(url => new Request(url, { cache: 'reload' })))),
  )
  worker.skipWaiting()
})

worker.addEventListener('activate', event => event.waitUntil(worker.clients.claim()))

worker.addEventListener('fetch', event => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== worker.location.origin) return
  // The URLs of all screens are the same page.
  const file =
    request.mode === 'navigate' && (pathname === '/' || /^\/(browse|r\/[^/]+)\/?$/.test(pathname)) ? '/' : pathname
  if (SHELL.includes(file)) event.respondWith(respond(event, file))
})

/** Network first, so that nobody stays on an old page; the cache only if the network fails. */
async function respond(event: RequestEvent, key: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(event.request, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (response.ok) event.waitUntil(cache.put(key, response.clone()))
    if (response.status < 500) return response
  } catch {}
  return (await cache.match(key)) ?? Response.error()
}

export {}
