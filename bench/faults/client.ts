import { WebSocket } from 'ws'
import { BEARER_PREFIX, DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { createAdminHttp } from '../../static/client/admin-http.js'
import {
  ApiError,
  type Connection,
  createConnection,
  createHttp,
  type Http,
  type SocketConstructor,
} from '../../static/client/index.js'
import { type Actor, PASSWORD } from './choices.js'
import { Following } from './following.js'
import type { Args, Done, History } from './history.js'
import { operationOf, operations } from './operations.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** A request without an answer has an unknown outcome after this. */
const TIMEOUT_MS = 6000
/** How long a client waits for the answer of one operation before it begins the next one. */
const PATIENCE_MS = 3000
/** Attempts of a request that may be repeated, because it has a client_id or only reads. */
const TRIES_MAX = 6
/** Longest pause between two operations of a client. */
const PAUSE_MS = 60
/** Refusals that may be followed by success: nothing is known about what was done. */
const isUncertain = ({ status, code }: ApiError) =>
  status === 0 || status === 503 || status === 429 || code === 'CLOSED'

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** One user with one socket, who follows all rooms that they are in and does one operation after the other. */
export class Client implements Actor {
  connection: Connection
  http: Http
  readonly ended: { token: string; session: number }[] = []
  readonly #following: Following
  readonly #open = new Set<Promise<unknown>>()
  #at: number
  #token = ''
  #session = 0
  readonly #sessions = new Map<string, number>()
  /** The token of the newest socket. */
  #opened_with = ''
  #socket: WebSocket | undefined
  #loggingIn: Promise<void> | null = null
  #stopped = false

  constructor(
    readonly username: string,
    readonly world: World,
    readonly random: Random,
    private readonly history: History,
  ) {
    this.#at = random.int(world.base_urls.length)
    this.http = this.#httpOf(() => this.#token)
    const client = this
    class Recording extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address.replace(/^ws:\/\/[^/]+/, client.#base_url.replace(/^http/, 'ws')), protocols)
        const token = protocols.find(one => one.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length) ?? ''
        const session = client.#sessions.get(token) ?? 0
        client.#socket = this
        client.#opened_with = token
        this.on('message', data => client.#record(session, data.toString()))
        this.on('close', () => client.#next())
      }
    }
    this.connection = createConnection({
      base_url: 'http://any',
      WebSocket: Recording as unknown as SocketConstructor,
      token: () => this.#token,
      backoff: { base_ms: 50, cap_ms: 1000, random: () => random.next() },
      connect_ms: 3000,
      check_ms: 1500,
      in_flight_max: 8,
      on_state: state => {
        if (state.name === 'closed' && state.next === 'login') {
          const hasToken = this.#opened_with !== this.#token
          void (hasToken ? Promise.resolve() : this.#logIn()).then(() => this.connection.connect()).catch(() => {})
        } else if (state.name === 'closed' && !this.#stopped) {
          this.history.complaints.push(`${username}'s socket was closed with ${state.code} ${state.reason}`)
        }
      },
    })
    this.#following = new Following(username, this.connection, this.http, random, history)
  }

  get #base_url() {
    return this.world.base_urls[this.#at] as string
  }

  #httpOf(token: () => string | undefined) {
    return createHttp({
      base_url: 'http://any',
      timeout_ms: TIMEOUT_MS,
      token,
      fetch: (url, init) => fetch(String(url).replace('http://any', this.#base_url), init),
    })
  }

  /** Goes on with another server. */
  #next() {
    this.#at = (this.#at + 1) % this.world.base_urls.length
  }

  move() {
    this.#socket?.terminate()
    return {}
  }

  as(token?: string): Http {
    return this.#httpOf(() => token)
  }

  admin(token?: string) {
    return createAdminHttp(this.#httpOf(() => token ?? this.#token).sender)
  }

  end(token: string, session: number) {
    this.history.ended.set(session, performance.now())
    this.ended.push({ token, session })
  }

  endedHttp(session: number): Http {
    return this.as(this.ended.find(one => one.session === session)?.token ?? '')
  }

  async register() {
    this.#begin((await this.#until(() => this.http.register({ username: this.username, password: PASSWORD }))).token)
    this.connection.connect()
  }

  #begin(token: string) {
    this.#token = token
    this.#session = ++this.world.sessions
    this.#sessions.set(token, this.#session)
  }

  /** Logs in anew if the session has ended; callers at the same time share one login. */
  #logIn(): Promise<void> {
    this.#loggingIn ??= this.#until(() => this.http.login({ username: this.username, password: PASSWORD }))
      .then(({ token }) => this.#begin(token))
      .finally(() => {
        this.#loggingIn = null
      })
    return this.#loggingIn
  }

  /** Repeats until there is a certain answer. */
  async #until<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof ApiError && isUncertain(error)) || this.#stopped) throw error
        this.#next()
        await pause(100)
      }
    }
  }

  async logOut() {
    const [token, session] = [this.#token, this.#session]
    await this.as(token).logout()
    this.end(token, session)
    await this.#logIn()
    return {}
  }

  #record(session: number, text: string) {
    const frame = JSON.parse(text) as { room_id?: string; seq?: number; type: string }
    const isEvent =
      frame.seq !== undefined &&
      frame.room_id !== undefined &&
      !['welcome', 'reset', 'ack', 'read'].includes(frame.type)
    if (!isEvent) return
    const { room_id, seq } = frame as { room_id: string; seq: number }
    this.history.arrivals.push({ username: this.username, session, room_id, seq, at: performance.now() })
  }

  /** Follows the rooms that the user is in. */
  follow() {
    this.#following.follow(this.world.roomsOf(this.username).map(({ room_id }) => room_id))
  }

  /** Does one operation. @returns null if there is nothing to do it with */
  async once(name: string): Promise<Done | null> {
    const args = operationOf(name).choose(this)
    return args && (await this.#do(name, args))
  }

  /** Does operations until `until`, one after the other unless one takes long. */
  async act(until: () => boolean) {
    const names = Object.keys(operations).map(name => ({ name, weight: operationOf(name).weight }))
    while (!until()) {
      this.follow()
      const { name } = this.random.weighted(names)
      const args = operationOf(name).choose(this)
      if (args) {
        const doing = this.#do(name, args)
        this.#open.add(doing)
        void doing.finally(() => this.#open.delete(doing))
        await Promise.race([doing, pause(PATIENCE_MS)])
      }
      await pause(this.random.int(PAUSE_MS))
    }
  }

  async #do(name: string, args: Args): Promise<Done> {
    const operation = operationOf(name)
    const done: Done = {
      ...{ name, username: args.as ?? this.username, args, answer: {} },
      ...{ asked_at: performance.now(), answered_at: Number.POSITIVE_INFINITY, outcome: 'unknown' },
    }
    this.history.done.push(done)
    let isCertain = !name.endsWith('by socket')
    const tries = args.client_id !== undefined && isCertain ? TRIES_MAX : 1
    for (let n = 0; n < tries && !this.#stopped; n++) {
      try {
        const answer = await operation.ask(this, args)
        Object.assign(done, { answer, outcome: 'ok', answered_at: performance.now() })
        operation.learn?.(this, args, answer)
        return done
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        done.code = error.code
        if (error.status >= 500 && error.status !== 503)
          this.history.complaints.push(`${name}: ${error.status} ${error.code}`)
        if (error.code === 'UNAUTHORIZED' && args.session === undefined) await this.#logIn()
        else if (!isUncertain(error)) {
          if (isCertain) Object.assign(done, { outcome: 'refused', answered_at: performance.now() })
          return done
        }
        isCertain = false
        if (error.status === 0) this.#next()
        await pause(50 + this.random.int(100))
      }
    }
    return done
  }

  /** Resolves when nothing is being asked any more, or after `ms`. */
  async settle(ms: number) {
    await Promise.race([Promise.allSettled([...this.#open]), pause(ms)])
  }

  /** Waits until every room that the user is in has all its events, then records what the client shows. */
  async catchUp(ms: number) {
    for (const { room_id } of this.world.roomsOf(this.username)) {
      const page = await this.#until(() => this.http.messages(room_id, { limit: 1 })).catch(() => null)
      if (!page) continue
      this.follow()
      if (await this.#following.reaches(room_id, page.seq, ms)) continue
      this.history.complaints.push(`${this.username} has not reached ${page.seq} in ${room_id} after ${ms} ms`)
    }
    await this.#following.show()
  }

  /** What the user is told of their rooms, and of what is in them. */
  async tell() {
    const own = await this.#until(() => this.http.rooms({ mine: true, limit: 100 }))
    const rooms = [...own.rooms, ...(await this.#until(() => this.http.direct({ limit: 100 }))).rooms]
    for (const { id: room_id, last_seq: seq, ...room } of rooms) {
      this.history.told.push({ username: this.username, room_id, seq, ...room })
    }
    for (const room of rooms) {
      const { members } = await this.#until(() => this.http.members(room.id, { limit: 100 })).catch(() => ({
        members: [],
      }))
      if (room.id === DEFAULT_ROOM_ID) continue
      const owner = members.find(({ role }) => role === 'owner')?.username ?? ''
      this.history.rooms.push({
        room_id: room.id,
        owner,
        members: members.map(({ username }) => username),
        deleted: false,
      })
    }
  }

  /** Asks for some operations once more, now that nothing disturbs them. */
  async look(names: string[], times: number) {
    for (let n = 0; n < times; n++) {
      for (const name of names) {
        const args = operationOf(name).choose(this)
        if (args) await this.#do(name, args)
      }
    }
  }

  close() {
    this.#stopped = true
    this.#following.close()
    this.connection.close()
  }
}
