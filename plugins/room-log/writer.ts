import { errors } from '../../schemas/error.js'
import { type EventType, membershipTypes, type StoredEvent } from '../../schemas/event.js'
import { BATCH_MAX, Conflict, type Store, type Target } from '../store/index.js'
import { RoomView } from './view.js'

/** What an event says besides who, when and where. */
type Fields = Pick<StoredEvent, 'target' | 'member' | 'text' | 'reply_to' | 'data'>

/** A message that an entry means, as it is just before the event. */
type Meant = Target & { edits: number }

/** One request to append an event. */
export interface Entry {
  type: EventType
  /** Who does it. */
  username: string
  /** Whose standing `decide` asks for besides the actor's. */
  subject?: string
  client_id: string
  /** The seq of the message that `decide` asks for. */
  message?: number
  /**
   * Decides on the room as it is just before the event; runs again whenever something came between.
   * @param view knows the actor and the subject
   * @param message the one asked for, where it exists
   * @returns the event's fields, or null where nothing is to be done
   * @throws what is to be answered
   */
  decide(view: RoomView, message: Meant | undefined): Fields | null
  /** Whether a stored event with this client_id is what this entry asks for; without it, any is. */
  isRepeatOf?(event: StoredEvent): boolean
}

export interface Appended {
  event: StoredEvent
  /** The event was there before: this was sent again. */
  repeated: boolean
}

/** Entries of one room that wait at most; beyond, they are refused with errors.StoreUnavailable. */
const QUEUE_MAX = 10_000
/** Appends that one batch tries before it gives up: other servers took the seq each time. */
const TRIES_MAX = 100
/** Events that are read behind a Conflict; where others stored more, the whole state is read again. */
const TAIL_MAX = 500
/** How long a batch of unknown outcome asks the store what became of it, with growing pauses. */
const SETTLE_MS = 6000

/** How long after another server stored something here we count on it wanting more. */
const RIVAL_MS = 1000
/** Every so many Conflicts of a batch, its first entry is suspected of being a repeat. */
const SUSPECT_EVERY = 8
/** Where there are others, a winner waits for so many times what a short read takes: a loser stores after a longer one. */
const LOOKS = 3
const GIVE_WAY_MAX_MS = 1000

interface Waiting {
  entry: Entry
  /** Whether the view was read from the store after this entry came, so that it may be refused on it. */
  fresh: boolean
  resolve(appended: Appended | null): void
  reject(error: unknown): void
}

/** What a pass over a batch came to for one entry. */
type Decision = { waiting: Waiting } & (
  | { outcome: 'event'; event: StoredEvent }
  | { outcome: 'nothing' }
  | { outcome: 'refused'; error: unknown }
  | { outcome: 'same'; as: Waiting }
)

const keyOf = ({ client_id, username }: Pick<Entry, 'client_id' | 'username'>) => `${client_id} ${username}`

/**
 * Appends to one room's log by group commit: what comes while a commit is under way goes into the next one together.
 *
 * Each entry is decided on the state at seq n and stored as n+1. Where anything came between, the append fails on its
 * unique index, the new tail is read, and each entry is decided again.
 */
export class Writer {
  readonly #queue: Waiting[] = []
  #running = false
  #view: RoomView | null = null
  /** Until when another server is believed to write to this room too, by the monotonic clock. */
  #rival_until = 0

  constructor(
    readonly room_id: string,
    private readonly store: Store,
    /** Told each run of events that this server stored, in order. */
    private readonly committed: (events: StoredEvent[]) => void,
    /** Told each event that was asked for again: whoever stored it may have died before telling anybody. */
    private readonly repeated: (event: StoredEvent) => void = () => {},
  ) {}

  get idle() {
    return !this.#running
  }

  /** @returns null where `decide` found nothing to do */
  append(entry: Entry): Promise<Appended | null> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length >= QUEUE_MAX) return reject(new errors.StoreUnavailable())
      this.#queue.push({ entry, fresh: false, resolve, reject })
      if (this.#running) return
      this.#running = true
      // At the end of this turn, so that all that it brings goes into the first commit.
      setImmediate(() => this.#run())
    })
  }

  async #run() {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX)
      try {
        await this.#commit(batch)
      } catch (error) {
        this.#view = null
        for (const waiting of batch) waiting.reject(error)
      }
      await this.#giveWay()
    }
    this.#running = false
  }

  /**
   * Lets other servers have their turn: who has just won would win for ever, since the others must read what they missed
   * before they can try again. So the winner reads as they do, also where it knows of nobody, for a rival that has only
   * lost is not known; and it waits for as long again, for longer where it knows of others. (Three servers on a slow
   * database: two waited for 30 to 40 s while the third committed 3,000 times.)
   */
  async #giveWay() {
    if (!this.store.shared || !this.#view) return
    const started_at = performance.now()
    await this.#readTail(this.#view).catch(() => {})
    const now = performance.now()
    const looks = now < this.#rival_until ? LOOKS : 1
    await new Promise(resolve => setTimeout(resolve, Math.min((now - started_at) * looks, GIVE_WAY_MAX_MS)))
  }

  /** Moves the view over what other servers stored. */
  async #readTail(view: RoomView): Promise<StoredEvent[]> {
    const tail = await this.store.readEvents(this.room_id, { after: view.seq, limit: TAIL_MAX })
    if (tail.length > 0) this.#rival_until = performance.now() + RIVAL_MS
    if (tail.length < TAIL_MAX) view.append(tail)
    else this.#view = null
    return tail
  }

  /** Settles every entry of a batch, or throws where the store does not answer. */
  async #commit(batch: Waiting[]) {
    let open = batch
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const view = await this.#know(open)
      const decisions = this.#decide(view, open, await this.#messages(open))
      if (
        decisions.some(({ outcome, waiting }) => (outcome === 'refused' || outcome === 'nothing') && !waiting.fresh)
      ) {
        // Nobody is refused on what this server remembers: another one may have let them in since.
        await this.#refresh(view, open)
        continue
      }
      const events = decisions.flatMap(decision => (decision.outcome === 'event' ? [decision.event] : []))
      try {
        if (events.length > 0) await this.store.append(this.room_id, view.seq, events)
      } catch (error) {
        if (error instanceof Conflict) {
          open = await this.#goOn(view, decisions, tries)
        } else {
          this.#view = null
          open = await this.#settle(decisions, entry => this.#firstSurely(entry), error)
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

  /** The view, knowing everybody that the entries ask for. */
  async #know(open: Waiting[]): Promise<RoomView> {
    const view = this.#view ?? new RoomView()
    const unknown = open.some(
      ({ entry }) => !view.knows(entry.username) || (entry.subject && !view.knows(entry.subject)),
    )
    if (!this.#view || unknown) await this.#refresh(view, open)
    return view
  }

  async #refresh(view: RoomView, open: Waiting[]) {
    const usernames = [
      ...new Set(open.flatMap(({ entry: { username, subject } }) => (subject ? [username, subject] : [username]))),
    ]
    const since = this.#view ? view.seq : Number.MAX_SAFE_INTEGER
    view.read(await this.store.readState(this.room_id, usernames, since), usernames)
    this.#view = view
    for (const waiting of open) waiting.fresh = true
  }

  async #messages(open: Waiting[]) {
    const seqs = [...new Set(open.flatMap(({ entry }) => entry.message ?? []))]
    if (seqs.length === 0) return new Map<number, Meant>()
    const targets = await this.store.readTargets(this.room_id, seqs)
    return new Map(targets.map(target => [target.message.seq, target]))
  }

  #decide(view: RoomView, open: Waiting[], messages: Map<number, Meant>): Decision[] {
    const created_at = new Date().toISOString()
    const firsts = new Map<string, Waiting>()
    // What changes the view gets one of its own, for the commit may fail.
    const changes = open.some(({ entry }) => membershipTypes.has(entry.type))
    const ahead = changes ? view.clone() : view
    let seq = view.seq
    return open.map(waiting => {
      const { entry } = waiting
      const first = firsts.get(keyOf(entry))
      if (first) return { waiting, outcome: 'same', as: first }
      firsts.set(keyOf(entry), waiting)
      try {
        const fields = entry.decide(ahead, entry.message === undefined ? undefined : messages.get(entry.message))
        if (!fields) return { waiting, outcome: 'nothing' }
        const { type, username, client_id } = entry
        const event = { room_id: this.room_id, seq: ++seq, type, username, client_id, created_at, ...fields }
        if (changes) ahead.append([event])
        const target = messages.get(event.target ?? 0)
        if (target) messages.set(target.message.seq, { ...target, newest: event, edits: target.edits + 1 })
        return { waiting, outcome: 'event', event }
      } catch (error) {
        return { waiting, outcome: 'refused', error }
      }
    })
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
        // A repeat of what was allowed once is no new request.
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
   * After a Conflict: moves the view over what another server stored. One short read where that explains it, however
   * many entries wait: whoever asked for each of them would never catch up with who has won.
   * @param lost how often this batch has met a Conflict before
   * @returns the entries that are to be tried again
   */
  async #goOn(view: RoomView, decisions: Decision[], lost: number): Promise<Waiting[]> {
    const tail = await this.#readTail(view)
    for (const { waiting } of decisions) waiting.fresh = true
    // Where nobody took the seq, a client_id is taken, by an event of any age. Where others store all the time that may
    // not be seen for long, so the first entry, at which an append ends, is asked for now and then.
    const askAll = tail.length === 0 || tail.length === TAIL_MAX
    const keys = new Set(tail.map(keyOf))
    const suspect =
      (lost + 1) % SUSPECT_EVERY === 0 ? decisions.find(({ outcome }) => outcome === 'event')?.waiting.entry : undefined
    const mayBeStored = (entry: Entry) => askAll || entry === suspect || keys.has(keyOf(entry))
    return this.#settle(decisions, async entry => (mayBeStored(entry) ? this.#first(entry) : null))
  }

  /**
   * Finds out what became of a batch whose append failed, entry by entry.
   * @param find tells the event that an entry became
   * @param cause set where the store did not say whether it stored: what is not found gets 503
   * @returns the entries that are to be tried again, behind a new tail
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
      if (!first && cause !== undefined) {
        waiting.reject(new errors.StoreUnavailable({ cause }))
      } else if (!first) {
        again.push(waiting)
      } else if (first.seq === decision.event.seq) {
        stored.push(first)
        waiting.resolve({ event: first, repeated: false })
      } else {
        this.#repeat(waiting, first)
      }
    }
    // Inserts are ordered: what a partial failure leaves is a prefix.
    if (stored.length > 0) this.committed(stored)
    return again
  }

  /** Asks again where the store does not answer. */
  async #firstSurely(entry: Entry) {
    const started_at = performance.now()
    for (let tries = 0; ; tries++) {
      try {
        return await this.#first(entry)
      } catch (error) {
        // Of a store that hangs, one question alone may take seconds.
        if (performance.now() - started_at > SETTLE_MS) throw error
        await new Promise(resolve => setTimeout(resolve, 25 * 2 ** tries))
      }
    }
  }
}
