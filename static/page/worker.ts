/** As much of a service worker's surroundings as is needed: the compiler knows them apart from a page's only. */
interface Lifetime extends Event {
  waitUntil(done: Promise<unknown>): void
}
interface Fetching extends Lifetime {
  request: Request
  respondWith(response: Promise<Response>): void
}
interface Surroundings {
  addEventListener(type: 'install' | 'activate', listener: (event: Lifetime) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  location: Location
}
const worker = globalThis as unknown as Surroundings

/** The shell, and nothing else: no answer of the API is ever kept. */
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
/** A network that is there but does not answer is as good as none after this, ms. */
const PATIENCE_MS = 4000

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
  // Every room's address is the same page.
  const shown = request.mode === 'navigate' && (pathname === '/' || /^\/r\/[^/]+\/?$/.test(pathname)) ? '/' : pathname
  if (SHELL.includes(shown)) event.respondWith(answer(event, shown))
})

/** The network's answer where there is one, so that nobody is left on an old page; else what was kept of the last. */
async function answer(event: Fetching, key: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(event.request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (response.ok) event.waitUntil(cache.put(key, response.clone()))
    if (response.status < 500) return response
  } catch {}
  return (await cache.match(key)) ?? Response.error()
}

export {}
