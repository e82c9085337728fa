/** A small store of one kind of things that outlives a reload. Nothing of it ever throws: without it the page still works. */
export interface Shelf<T> {
  /** In the order of their keys. */
  all(): Promise<T[]>
  put(key: string, value: T): void
  remove(key: string): void
  clear(): void
}

const STORE = 'things'
/** More are never read, so that a browser that was away for long starts quickly. */
const ALL_MAX = 1000

/** Some browsers at times never answer; the page does not wait for what is kept there, ms. */
const PATIENCE_MS = 3000

/** Kept by IndexedDB, which also works over plain HTTP, in a database of its own. */
export function openShelf<T>(name: string): Shelf<T> {
  const opened = open(name)
  // Private windows of some browsers have none.
  opened.catch(() => {})

  /** One transaction each: they are carried out in the order in which they were asked for. */
  async function change(act: (things: IDBObjectStore) => IDBRequest) {
    try {
      act((await opened).transaction(STORE, 'readwrite').objectStore(STORE))
    } catch {
      // What can't be kept is still in memory.
    }
  }

  return {
    async all() {
      const read = async () => answer<T[]>((await opened).transaction(STORE).objectStore(STORE).getAll(null, ALL_MAX))
      const nothing = new Promise<T[]>(resolve => setTimeout(resolve, PATIENCE_MS, []))
      return Promise.race([read().catch(() => []), nothing])
    },
    put: (key, value) => void change(things => things.put(value, key)),
    remove: key => void change(things => things.delete(key)),
    clear: () => void change(things => things.clear()),
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
