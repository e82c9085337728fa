import { setTimeout as wait } from 'node:timers/promises'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import { BATCH_MAX, Conflict, NameTaken, type Store } from '../store/index.js'
import type { Appended, Decision, Entry, Waiting } from './decide.js'
import { decide, keyOf, readMessages, rejectRenaming, usersOf } from './decide.js'
import { RoomView } from './view.js'

/** Entries that wait in one room's queue; beyond, they are rejected with errors.StoreUnavailable. */
const QUEUE_MAX = 10_000
/** Attempts of one batch before it fails, because other servers took the seq each time. */
const TRIES_MAX = 100
/** Events that are read after a Conflict; if others stored more, the whole state is read again. */
const TAIL_MAX = 500
/** How long the outcome of a failed append is looked up in the store, with exponential back-off. */
const SETTLE_MS = 6000

/** How long after another server stored an event we assume that it will store more. */
const RIVAL_MS = 1000
/** After so many Conflicts of a batch, its first entry is checked for being a retry. */
const SUSPECT_EVERY = 8
/** Back-off while there are other writers, in durations of a short read: a loser stores after a longer read. */
const RIVAL_READS = 3
const GIVE_WAY_MAX_MS = 1000

/**
 * Appends to one room's log by group commit: entries that come during a commit go into the next one together.
 *
 * Each entry is decided on the state at seq n and stored as n+1. If another server stored n+1 first, the append fails on
 * the unique index, the new tail is read, and each entry is decided again.
 */
export class Writer {
  readonly #queue: Waiting[] = []
  #running = false
  #view: RoomView | null = null
  /** Until when another server is assumed to write to this room too, by the monotonic clock. */
  #rival_until = 0
  /** Until when the next batch gives way to other servers first, by the monotonic clock. */
  #give_way_until = 0
  /** How long reading the tail took last. */
  #read_ms = 0
  /** A seq that the log has as the bus told, until the log was read, also if that found nothing. */
  #heard = 0

  constructor(
    readonly room_id: string,
    private readonly store: Store,
    /** Called with each run of events that this server stored, in order. */
    private readonly committed: (events: StoredEvent[]) => void,
    /** Called with each event that is requested again: the server that stored it may have died before it published it. */
    private readonly repeated: (event: StoredEvent) => void = () => {},
  ) {}

  get idle() {
    return !this.#running
  }

  /** The bus brought an event: if another server stored it, the tail is read before the next append, which would fail. */
  heard(seq: number) {
    this.#heard = Math.max(this.#heard, seq)
  }

  /** @returns null if `decide` found nothing to do */
  append(entry: Entry): Promise<Appended | null> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length >= QUEUE_MAX) return reject(new errors.StoreUnavailable())
      this.#queue.push({ entry, fresh: false, resolve, reject })
      if (this.#running) return
      this.#running = true
      this.#runSoon()
    })
  }

  /** At the end of this turn at the earliest, so that all its entries go into one commit. */
  #runSoon() {
    const run = () => void this.#run()
    if (this.store.gather) this.store.gather(run)
    else setImmediate(run)
  }

  async #run() {
    await this.#giveWay()
    const batch = this.#queue.splice(0, BATCH_MAX)
    const started_at = performance.now()
    try {
      await this.#commit(batch)
    } catch (error) {
      this.#view = null
      for (const waiting of batch) waiting.reject(error)
    }
    const now = performance.now()
    const longest_ms = Math.max(now - started_at, this.#read_ms)
    this.#give_way_until = now + Math.min(longest_ms * RIVAL_READS, GIVE_WAY_MAX_MS)
    if (this.#queue.length > 0) this.#runSoon()
    else this.#running = false
  }

  /**
   * After winning a seq, backs off so that other writers are not starved: they must read what they missed before they can
   * try again. So the winner does the same read and then waits as long again, or longer if it knows of other writers. It
   * does so even if it knows of none, because a writer that keeps losing is invisible. (Three servers on a slow database:
   * two waited for 30 to 40 s while the third committed 3,000 times.) If the next entry comes later than others need to
   * try again, there is nothing to do, so a message sent alone costs no read.
   */
  async #giveWay() {
    const started_at = performance.now()
    if (!this.store.shared || !this.#view || started_at >= this.#give_way_until) return
    await this.#readTail(this.#view).catch(() => {})
    const now = performance.now()
    this.#read_ms = now - started_at
    const reads = now < this.#rival_until ? RIVAL_READS : 1
    await wait(Math.min(this.#read_ms * reads, GIVE_WAY_MAX_MS))
  }

  /** Applies the events that other servers stored to the view. */
  async #readTail(view: RoomView): Promise<StoredEvent[]> {
    const tail = await this.store.readEvents(this.room_id, { after: view.seq, limit: TAIL_MAX, texts: false })
    if (tail.length > 0) this.#rival_until = performance.now() + RIVAL_MS
    if (tail.length < TAIL_MAX) view.append(tail)
    else this.#view = null
    return tail
  }

  /** Settles every entry of a batch, or throws if the store does not answer. */
  async #commit(batch: Waiting[]) {
    let open = batch
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const view = await this.#viewFor(open)
      const messages = await readMessages(this.store, this.room_id, open)
      if (open.some(({ entry }) => entry.prepare)) await Promise.all(open.map(({ entry }) => entry.prepare?.()))
      const decisions = decide(this.room_id, view, open, messages)
      const isRefused = ({ outcome }: Decision) => outcome === 'refused' || outcome === 'nothing'
      if (decisions.some(decision => isRefused(decision) && !decision.waiting.fresh)) {
        // No user is refused on remembered state, because another server may have admitted them since.
        await this.#refresh(view, open)
        continue
      }
      const events = decisions.flatMap(decision => (decision.outcome === 'event' ? [decision.event] : []))
      try {
        if (events.length > 0) await this.store.append(this.room_id, view.seq, events)
      } catch (error) {
        if (error instanceof Conflict) {
          open = await this.#afterConflict(view, decisions, tries)
        } else if (error instanceof NameTaken) {
          // Others of the batch may have been stored before the event that renames the room.
          this.#view = null
          open = await this.#settle(rejectRenaming(decisions, error.seq), entry => this.#first(entry))
        } else {
          this.#view = null
          open = await this.#settle(decisions, entry => this.#firstWithRetry(entry), error)
        }
        if (open.length === 0) return
        continue
      }
      if (events.length > 0) {
        view.append(events)
        this.committed(events)
      }
      await this.#answer(decisions)
      return
    }
    throw new errors.StoreUnavailable()
  }

  /** The view, including all users that the entries name. */
  async #viewFor(open: Waiting[]): Promise<RoomView> {
    if (this.#view && this.#heard > this.#view.seq) await this.#readTail(this.#view)
    this.#heard = 0
    const view = this.#view ?? new RoomView()
    const isUnknown = (username: string) => !view.knows(username)
    const unknown = open.some(
      ({ entry: { username, subject, subjects } }) =>
        isUnknown(username) || (subject !== undefined && isUnknown(subject)) || subjects?.some(isUnknown),
    )
    if (!this.#view || unknown) await this.#refresh(view, open)
    return view
  }

  async #refresh(view: RoomView, open: Waiting[]) {
    const usernames = [...new Set(open.flatMap(({ entry }) => usersOf(entry)))]
    const since = this.#view ? view.seq : Number.MAX_SAFE_INTEGER
    view.read(await this.store.readState(this.room_id, usernames, since), usernames)
    this.#view = view
    for (const waiting of open) waiting.fresh = true
  }

  async #answer(decisions: Decision[]) {
    const stored = new Map<Waiting, StoredEvent>()
    for (const decision of decisions) {
      const { waiting } = decision
      if (decision.outcome === 'event') {
        stored.set(waiting, decision.event)
        waiting.resolve({ event: decision.event, repeated: false })
      } else if (decision.outcome === 'nothing') {
        waiting.resolve(null)
      } else if (decision.outcome === 'refused') {
        // A retry of a request that already succeeded gets its first result, even if it would now be rejected.
        const first = await this.#first(waiting.entry)
        if (first) this.#repeat(waiting, first)
        else waiting.reject(decision.error)
      } else {
        const first = stored.get(decision.as) ?? (await this.#first(waiting.entry))
        if (first) this.#repeat(waiting, first)
        else decision.waiting.reject(new errors.ClientIdReused(waiting.entry.client_id))
      }
    }
  }

  #first(entry: Entry) {
    return this.store.readByClientId(this.room_id, entry.username, entry.client_id)
  }

  #repeat({ entry, resolve, reject }: Waiting, first: StoredEvent) {
    const same = first.type === entry.type && (entry.isRepeatOf?.(first) ?? true)
    if (!same) return reject(new errors.ClientIdReused(entry.client_id))
    this.repeated(first)
    resolve({ event: first, repeated: true })
  }

  /**
   * After a Conflict: applies what another server stored to the view. Usually one short read, however many entries wait:
   * with a lookup for each entry this server would never catch up with the winner.
   * @param lost earlier Conflicts of this batch
   * @returns the entries to try again
   */
  async #afterConflict(view: RoomView, decisions: Decision[], lost: number): Promise<Waiting[]> {
    const tail = await this.#readTail(view)
    for (const { waiting } of decisions) waiting.fresh = true
    // If no other event has the seq, the Conflict is about a client_id, which an event of any age may have. While other
    // servers store all the time, that stays hidden, so the first entry, at which an append fails, is checked at times.
    const checkAll = tail.length === 0 || tail.length === TAIL_MAX
    const keys = new Set(tail.map(keyOf))
    const isChecked = (lost + 1) % SUSPECT_EVERY === 0
    const suspect = isChecked ? decisions.find(({ outcome }) => outcome === 'event')?.waiting.entry : undefined
    const mayBeStored = (entry: Entry) => checkAll || entry === suspect || keys.has(keyOf(entry))
    return this.#settle(decisions, async entry => (mayBeStored(entry) ? this.#first(entry) : null))
  }

  /**
   * Finds out which entries of a failed append were stored.
   * @param find returns the event that an entry became
   * @param cause set if it is unknown whether the store stored anything: entries that are not found are rejected
   * @returns the entries to try again, after the new tail
   */
  async #settle(
    decisions: Decision[],
    find: (entry: Entry) => Promise<StoredEvent | null>,
    cause?: unknown,
  ): Promise<Waiting[]> {
    const again: Waiting[] = []
    const stored: StoredEvent[] = []
    for (const decision of decisions) {
      const { waiting } = decision
      if (decision.outcome !== 'event') {
        again.push(waiting)
        continue
      }
      const first = await find(waiting.entry)
      if (!first) {
        if (cause === undefined) again.push(waiting)
        else waiting.reject(new errors.StoreUnavailable({ cause }))
      } else if (first.seq === decision.event.seq) {
        stored.push(first)
        waiting.resolve({ event: first, repeated: false })
      } else {
        this.#repeat(waiting, first)
      }
    }
    // Inserts are ordered, so a partial failure leaves a prefix.
    if (stored.length > 0) this.committed(stored)
    return again
  }

  /** Retries while the store does not answer. @throws its error after SETTLE_MS */
  async #firstWithRetry(entry: Entry) {
    const started_at = performance.now()
    for (let tries = 0; ; tries++) {
      try {
        return await this.#first(entry)
      } catch (error) {
        // Measured by time, not by tries, because one call to a hanging store may take seconds.
        if (performance.now() - started_at > SETTLE_MS) throw error
        await wait(25 * 2 ** tries)
      }
    }
  }
}
