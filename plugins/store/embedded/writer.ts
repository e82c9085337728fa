import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { errors } from '../../../schemas/error.js'
import { Conflict, type Logger, NameTaken, type StoreObserver } from '../store.js'
import { Gathering } from './gathering.js'
import type { Outcome, Reply, Request } from './worker.js'
import type { Write, Writes } from './writes.js'

/** Writes that are enough for a commit: gathering more of them would save little. */
const ENOUGH_WRITES = 32
/** Bounds of one commit, to keep each short. */
const COMMIT_WRITES_MAX = 1000
const COMMIT_EVENTS_MAX = 2000
/** Bounds of the queue; beyond them, writes are rejected with StoreUnavailable. */
const WAITING_WRITES_MAX = 20_000
const WAITING_EVENTS_MAX = 50_000
/** Rooms that searches may wait for at once. */
const WAITING_ROOMS_MAX = 1000

interface Waiting {
  write: Write
  events: number
  resolve(value: unknown): void
  reject(error: Error): void
}

interface Wanted {
  promise: Promise<void>
  resolve(): void
  reject(error: Error): void
}

function want(): Wanted {
  let settle: Pick<Wanted, 'resolve' | 'reject'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...(settle as Pick<Wanted, 'resolve' | 'reject'>) }
}

const eventsOf = (write: Write) => (write.name === 'append' ? write.args[2].length : 1)

export type Writer = Awaited<ReturnType<typeof startWriter>>

/**
 * The write side of the embedded store: a queue in front of one worker thread, which commits all waiting writes, of any
 * rooms, in one transaction.
 *
 * If a transaction fails, all its writes are rejected and later ones are tried normally. If the worker dies, which only
 * a bug can cause, every write is rejected from then on; `alive` and `/ready` report it, so that the process is
 * replaced.
 */
export async function startWriter(worker: Worker, log: Logger) {
  await once(worker, 'message')

  let waiting: Waiting[] = []
  let waiting_events = 0
  let committing: Waiting[] = []
  let started_at = Number.NEGATIVE_INFINITY
  /** Set from the first write that waits until the commit is posted. */
  let scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined
  /** Whether `scheduled` waits for more writes. */
  let isGathering = false
  /** Callers that append when the next commit is about to begin. */
  let ready: (() => void)[] = []
  const gathering = new Gathering()
  let failing = false
  let state: 'open' | 'closing' | 'dead' = 'open'
  let observer: StoreObserver | undefined
  const wanted = new Map<string, Wanted>()
  let drained = () => {}

  const post = (request: Request) => worker.postMessage(request)

  /** Takes waiting writes, up to the bounds of a commit. */
  function take(): Waiting[] {
    let count = 0
    let events = 0
    for (const { events: more } of waiting) {
      if (count === COMMIT_WRITES_MAX || (count > 0 && events + more > COMMIT_EVENTS_MAX)) break
      count++
      events += more
    }
    waiting_events -= events
    return waiting.splice(0, count)
  }

  /** Lets the callers append that wait for the next commit, in this turn of the event loop; posts it in the next one. */
  function begin() {
    if (ready.length === 0) return commit()
    const callbacks = ready
    ready = []
    isGathering = false
    for (const append of callbacks) append()
    scheduled = setImmediate(commit)
  }

  function commit() {
    scheduled = undefined
    if (state === 'dead') return
    if (waiting.length === 0) return schedule()
    committing = take()
    started_at = performance.now()
    const writes = committing.map(({ write }) => write)
    gathering.commit(writes, started_at)
    post({ commit: writes })
  }

  /** An idle store commits the writes of this turn of the event loop, a busy one gathers more. */
  function schedule() {
    if (committing.length > 0) return
    const count = waiting.length + ready.length
    if (count === 0) return drained()
    if (scheduled !== undefined && !(isGathering && count === ENOUGH_WRITES)) return
    clearTimeout(scheduled as NodeJS.Timeout)
    const rest_ms = count < ENOUGH_WRITES ? started_at + gathering.ms - performance.now() : 0
    isGathering = rest_ms >= 1
    scheduled = isGathering ? setTimeout(begin, rest_ms) : setImmediate(begin)
  }

  function ended(settle: (waiting: Waiting, i: number) => void) {
    const settled = committing
    committing = []
    schedule()
    settled.forEach(settle)
  }

  function committed(outcomes: Outcome[]) {
    failing = false
    observer?.answered('commit', performance.now() - started_at, true)
    ended(({ resolve, reject }, i) => {
      const outcome = outcomes[i] as Outcome
      if ('value' in outcome) resolve(outcome.value)
      else if ('name_taken' in outcome) reject(new NameTaken(outcome.name_taken))
      else if ('conflict' in outcome) reject(new Conflict(outcome.conflict))
      else reject(new Error(outcome.error))
    })
  }

  function failed(reason: string) {
    if (!failing) log.error({ reason }, 'Failed to write to the store; clients retry')
    failing = true
    observer?.answered('commit', performance.now() - started_at, false)
    ended(({ reject }) => reject(new errors.StoreUnavailable()))
  }

  function indexed(room_id: string, reason?: string) {
    const { resolve, reject } = wanted.get(room_id) as Wanted
    wanted.delete(room_id)
    if (reason === undefined) resolve()
    else reject(new errors.StoreUnavailable())
  }

  worker.on('message', (reply: Reply) => {
    if ('committed' in reply) committed(reply.committed)
    else if ('failed' in reply) failed(reply.failed)
    else if ('indexed' in reply) indexed(reply.indexed, reply.reason)
    else if ('upkeep_failed' in reply)
      log.error({ reason: reply.upkeep_failed }, 'Failed to update the indexes of the store; retrying')
  })

  function died(error: Error) {
    if (state === 'dead') return
    const expected = state === 'closing' && committing.length + waiting.length === 0
    state = 'dead'
    if (!expected) log.error({ err: error }, 'The writer of the store stopped: restart this server')
    const refused = [...committing, ...waiting, ...wanted.values()]
    waiting = committing = []
    waiting_events = 0
    wanted.clear()
    for (const { reject } of refused) reject(new errors.StoreUnavailable())
    for (const append of ready.splice(0)) append()
    drained()
  }
  worker.on('error', died)
  const exited = new Promise<void>(resolve => {
    worker.on('exit', code => {
      died(new Error(`The writer ended with exit code ${code}`))
      resolve()
    })
  })

  return {
    get alive() {
      return state === 'open'
    },

    /** Calls back when the next commit is about to begin: what is written in that turn of the event loop shares it. */
    gather(append: () => void) {
      if (state !== 'open') return void setImmediate(append)
      ready.push(append)
      schedule()
    },

    observe(by: StoreObserver) {
      observer = by
    },

    /** Resolves when the write is durable. @throws Conflict, StoreUnavailable */
    write<Name extends keyof Writes>(name: Name, ...args: Parameters<Writes[Name]>): Promise<ReturnType<Writes[Name]>> {
      const write = { name, args } as Write
      const events = eventsOf(write)
      const full = waiting.length >= WAITING_WRITES_MAX || waiting_events + events > WAITING_EVENTS_MAX
      if (state !== 'open' || full) return Promise.reject(new errors.StoreUnavailable())
      return new Promise((resolve, reject) => {
        waiting.push({ write, events, resolve: resolve as (value: unknown) => void, reject })
        waiting_events += events
        schedule()
      })
    },

    /** Resolves when the room's terms reflect everything committed before the call. */
    index(room_id: string): Promise<void> {
      let entry = wanted.get(room_id)
      if (entry === undefined) {
        if (state !== 'open' || wanted.size >= WAITING_ROOMS_MAX) return Promise.reject(new errors.StoreUnavailable())
        entry = want()
        wanted.set(room_id, entry)
        post({ index: room_id })
      }
      return entry.promise
    },

    /** Commits all waiting writes, then stops the worker. */
    async close() {
      if (state === 'open') {
        state = 'closing'
        if (waiting.length + committing.length + ready.length > 0) {
          await new Promise<void>(resolve => {
            drained = resolve
          })
        }
        post({ close: true })
      }
      await exited
    },
  }
}
