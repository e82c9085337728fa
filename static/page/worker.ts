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

/** The app shell: `/` and the files that it needs. No response of the API is ever cached. Set by the build. */
declare const SHELL: string[]
/** Names the build. */
declare const BUILD: string

/** One cache for each build, so that a page is never combined with the scripts of another build. */
const PREFIX = 'talkie.shell'
const CACHE = `${PREFIX} ${BUILD}`
/** Files whose name changes with their content. */
const HASHED = /-\w{8}\.(js|css)$/
/** After this a network that sends no response counts as offline, if the response is cached, ms. */
const TIMEOUT_MS = 4000

worker.addEventListener('install', event => {
  // What the page itself has just loaded is not loaded again.
  const requests = SHELL.map(url => new Request(url, { cache: HASHED.test(url) ? 'default' : 'reload' }))
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll(requests)))
  worker.skipWaiting()
})

worker.addEventListener('activate', event => event.waitUntil(deleteOldCaches().then(() => worker.clients.claim())))

async function deleteOldCaches() {
  const names = (await caches.keys()).filter(name => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(names.map(name => caches.delete(name)))
}

worker.addEventListener('fetch', event => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== worker.location.origin) return
  // The URLs of all screens are the same page.
  const file =
    request.mode === 'navigate' &&
    (pathname === '/' || /^\/(administration|browse|reset|i|r\/[^/]+)\/?$/.test(pathname))
      ? '/'
      : pathname
  if (SHELL.includes(file)) event.respondWith(respond(request, file))
})

/**
 * Hashed files from the cache. Everything else from the network, so that nobody stays on an old page; from the cache
 * only if the network fails or sends nothing for too long. A response that has begun is never cut off.
 */
async function respond(request: Request, key: string): Promise<Response> {
  const cached = await (await caches.open(CACHE)).match(key)
  if (cached && HASHED.test(key)) return cached
  const response = fetch(request)
  if (!cached) return response
  const timeout = new Promise<Response>(resolve => setTimeout(resolve, TIMEOUT_MS, cached))
  const network = response.then(
    answer => (answer.status < 500 ? answer : cached),
    () => cached,
  )
  return Promise.race([network, timeout])
}

export {}
