/** A store of unsent requests that outlives a reload. No method throws: without a store the page still works. */
export interface OutboxStorage<T> {
  /** In the order of the keys. */
  all(): Promise<T[]>
  put(key: string, value: T): void
  remove(key: string): void
  clear(): void
}

const STORE = 'things'
/** At most this many are read, so that the page starts quickly after a long time offline. */
const ALL_MAX = 1000

/** Some browsers never answer at times: after this the page starts without what is stored, ms. */
const READ_TIMEOUT_MS = 3000

/** Uses IndexedDB, which also works over plain HTTP; each name is a database of its own. */
export function openOutboxStorage<T>(name: string): OutboxStorage<T> {
  const opened = open(name)
  // Private windows of some browsers have no IndexedDB.
  opened.catch(() => {})

  /** One transaction each: IndexedDB runs them in the order of the calls. */
  async function change(act: (store: IDBObjectStore) => IDBRequest) {
    try {
      act((await opened).transaction(STORE, 'readwrite').objectStore(STORE))
    } catch {
      // The request is still in memory.
    }
  }

  return {
    async all() {
      const read = async () => answer<T[]>((await opened).transaction(STORE).objectStore(STORE).getAll(null, ALL_MAX))
      const nothing = new Promise<T[]>(resolve => setTimeout(resolve, READ_TIMEOUT_MS, []))
      return Promise.race([read().catch(() => []), nothing])
    },
    put: (key, value) => void change(store => store.put(value, key)),
    remove: key => void change(store => store.delete(key)),
    clear: () => void change(store => store.clear()),
  }
}

async function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE)
  return answer(request)
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
