import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import { clearTimeout, setTimeout } from 'k6/timers'
import { WebSocket } from 'k6/websockets'

/** Shared by all scripts: accounts, requests, and a user that chats over a socket and counts faults. */

const BASE_URL = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, '')
/** How long to wait for an ack or for restarting servers, and until a missing message counts as lost. */
const PATIENCE_MS = numberOf('PATIENCE_MS', 30_000)
/** Close code of a restarting server. */
const RESTARTING = 1012
/** Retry delay if the server does not name one. */
const AGAIN_MS = 1000

export const counts = {
  /** Messages that were acknowledged but did not arrive. */
  lost: new Counter('messages_lost'),
  /** Messages that arrived, or were stored, more than once. */
  doubled: new Counter('messages_doubled'),
  /** Events whose seq did not follow the previous one. */
  unordered: new Counter('messages_unordered'),
  /** Messages that were retried because no ack arrived: not a fault. */
  repeated: new Counter('messages_repeated'),
  /** Conversations that completed, and those that failed. */
  held: new Counter('conversations'),
  failed: new Counter('conversations_failed'),
}
/** Time from sending to the ack, when the message is durable. */
const ack_ms = new Trend('ack_ms', true)
/** Time from sending to the arrival at another user's socket. */
const delivery_ms = new Trend('delivery_ms', true)

/** No faults, and at least one conversation. */
export const nothingWrong = {
  messages_lost: ['count==0'],
  messages_doubled: ['count==0'],
  messages_unordered: ['count==0'],
  conversations_failed: ['count==0'],
  conversations: ['count>0'],
}

/** A number from the environment, as by `-e USERS=50`. @param {string} name @param {number} fallback */
export function numberOf(name, fallback) {
  const value = Number(__ENV[name] || fallback)
  if (!Number.isFinite(value)) throw new Error(`${name} is not a number`)
  return value
}

/** @param {number} ms @returns {Promise<void>} */
export const pause = ms => new Promise(resolve => void setTimeout(resolve, ms))

/**
 * One request; a GET is retried while servers restart. @param {string} method @param {string} path
 * @param {string} [token] @param {object} [body]
 * @returns {Promise<{ status: number, body: any }>} @throws on any answer of 400 or more
 */
export async function call(method, path, token, body) {
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  }
  for (const until = Date.now() + PATIENCE_MS; ; await pause(AGAIN_MS)) {
    const answer = await http.asyncRequest(method, BASE_URL + path, body === undefined ? null : JSON.stringify(body), {
      headers,
      // Without this name, every id would create its own time series.
      tags: { name: `${method} ${path.replace(/^(\/rooms\/)[^/?]+/, '$1:id').replace(/\/\d+|\?.*/g, '')}` },
    })
    const text = typeof answer.body === 'string' ? answer.body : ''
    const isOk = answer.status > 0 && answer.status < 400
    if (isOk) return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    const isAway = answer.status === 0 || answer.status > 500
    if (method !== 'GET' || !isAway || Date.now() >= until)
      throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  }
}

/**
 * A room with new accounts in it. @param {number} users @param {string} name
 * @returns {Promise<{ room_id: string, people: { username: string, token: string }[] }>}
 */
export async function prepare(users, name) {
  const run = Math.floor(Math.random() * 36 ** 6).toString(36)
  const people = []
  let room_id = ''
  for (let n = 0; n < users; n++) {
    const username = `k6-${run}-${n}`
    const { token } = (await call('POST', '/auth/register', undefined, { username, password: 'a k6 password' })).body
    if (n === 0) room_id = (await call('POST', '/rooms', token, { name: `${name} ${run}` })).body.id
    else await call('POST', `/rooms/${room_id}/join`, token, {})
    people.push({ username, token })
  }
  return { room_id, people }
}

/**
 * Reads the whole room. Sent messages that are missing count as lost, any others as duplicates. @param {{ username: string, token: string }[]} people @param {string} room_id
 * @param {number} sent by each of them
 */
export async function readBack(people, room_id, sent) {
  const missing = new Set(people.flatMap(({ username }) => Array.from({ length: sent }, (_, n) => `${username}:${n}`)))
  for (let after = 0, has_more = true; has_more; ) {
    const page = (await call('GET', `/rooms/${room_id}/messages?after=${after}&limit=100`, people[0]?.token)).body
    for (const { id, client_id } of page.messages) {
      if (!missing.delete(client_id)) counts.doubled.add(1)
      after = id
    }
    has_more = page.has_more
  }
  counts.lost.add(missing.size)
}

/**
 * Runs a conversation and counts its outcome, because k6 itself ignores exceptions.
 * @param {() => Promise<void>} talk @param {Talker} [talker] whose socket ends with it, so that the iteration does
 */
export async function converse(talk, talker) {
  // So that thresholds have a value if there are no faults.
  for (const count of Object.values(counts)) count.add(0)
  try {
    await talk()
    counts.held.add(1)
  } catch (error) {
    counts.failed.add(1)
    console.error(String(error))
  } finally {
    talker?.drop()
  }
}

/** The user of this VU. @param {{ username: string, token: string }[]} people */
export function personOf(people) {
  const person = people[exec.vu.idInTest - 1]
  if (person === undefined) throw new Error('there are more VUs than people')
  return person
}

/** A user in a room, over successive sockets, that counts faults. */
export class Talker {
  /** Seq of the last event received; the next socket resumes there. */
  #seq = 0
  #epoch = ''
  /** client_ids of received messages. @type {Set<string>} */
  #seen = new Set()
  /** Sends without an ack, by client_id. @type {Map<string, { text: string, sent_at: number, isSent: boolean }>} */
  #unacked = new Map()
  /** Callbacks that check after every frame whether their condition holds. @type {Set<() => void>} */
  #waiting = new Set()
  /** @type {WebSocket | null} */
  #socket = null
  #isWelcome = false
  /** Deadline for reconnecting; 0 while connected. */
  #back_until = 0
  #timer = 0
  /** Why it cannot continue. @type {Error | null} */
  #failure = null
  #sent = 0

  /** @param {{ username: string, token: string }} person @param {string} room_id */
  constructor(person, room_id) {
    this.person = person
    this.room_id = room_id
  }

  /**
   * Connects, resumes after the last event and retries unacknowledged messages. Reconnects automatically if the server
   * restarts or its store does not answer.
   */
  async connect() {
    this.#failure = null
    this.#back_until = 0
    this.#open()
    await this.#until(() => this.#isWelcome)
    if (!this.#isWelcome) throw new Error('the room was not entered')
  }

  #open() {
    const headers = { Authorization: `Bearer ${this.person.token}` }
    const socket = new WebSocket(`${BASE_URL.replace(/^http/, 'ws')}/ws`, null, { headers })
    this.#socket = socket
    this.#isWelcome = false
    socket.onopen = () => {
      if (socket !== this.#socket) return socket.close()
      const epoch = this.#epoch === '' ? {} : { epoch: this.#epoch }
      this.#say({ type: 'subscribe', room_id: this.room_id, after: this.#seq, ...epoch })
      for (const client_id of this.#unacked.keys()) this.#send(client_id)
    }
    socket.onmessage = event => {
      // Frames of an abandoned socket are ignored.
      if (socket === this.#socket) this.#hear(JSON.parse(String(event?.data)))
    }
    // Handled only here, because k6 also reports every close except 1000 and 1001 as an error. Its types lack both fields.
    socket.addEventListener('close', (/** @type {any} */ { code, reason }) => {
      if (socket !== this.#socket) return
      const why = `the socket was closed: ${code} ${reason}`
      // While reconnecting, the next server may be restarting or gone, too.
      if (code !== RESTARTING && this.#back_until === 0) this.#fail(why)
      else this.#comeBack(Number(String(reason).match(/"retry_after_ms":(\d+)/)?.[1] ?? AGAIN_MS), why)
    })
  }

  /** Reconnects, for at most PATIENCE_MS. @param {number} delay_ms @param {string} why */
  #comeBack(delay_ms, why) {
    if (this.#back_until === 0) this.#back_until = Date.now() + PATIENCE_MS
    if (Date.now() >= this.#back_until) return this.#fail(why)
    this.drop()
    this.#timer = setTimeout(() => this.#open(), delay_ms)
  }

  /** Abandons the socket, like a lost network; frames in flight are not awaited. */
  drop() {
    // In k6, closing a socket that is not open yet can block the VU for ever.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close()
    this.#socket = null
    clearTimeout(this.#timer)
  }

  /** Sends a message, and retries it until it is acknowledged. */
  send() {
    const client_id = `${this.person.username}:${this.#sent++}`
    const sent_at = Date.now()
    const text = `${sent_at} 안녕하세요, this is message ${this.#sent}`
    this.#unacked.set(client_id, { text, sent_at, isSent: false })
    this.#send(client_id)
  }

  /** Waits until all its messages are acknowledged. @throws if they are not */
  async acknowledged() {
    await this.#until(() => this.#unacked.size === 0)
    if (this.#unacked.size > 0) throw new Error(`${this.#unacked.size} messages were not acknowledged`)
  }

  /** Waits for a number of messages, and counts missing ones as lost. @param {number} messages */
  async expect(messages) {
    await this.#until(() => this.#seen.size >= messages)
    counts.lost.add(Math.max(0, messages - this.#seen.size))
  }

  /** Waits until its own messages have arrived, and counts missing ones as lost. */
  async expectOwn() {
    const missing = () => {
      let count = 0
      for (let n = 0; n < this.#sent; n++) if (!this.#seen.has(`${this.person.username}:${n}`)) count++
      return count
    }
    await this.#until(() => missing() === 0)
    counts.lost.add(missing())
  }

  /** @param {() => boolean} holds @returns {Promise<void>} also when the patience ends; rejects on a failure */
  #until(holds) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#failure !== null) end(() => reject(this.#failure))
        else if (holds()) end(resolve)
      }
      /** @param {() => void} settle */
      const end = settle => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const timer = setTimeout(() => end(resolve), PATIENCE_MS)
      this.#waiting.add(look)
      look()
    })
  }

  #look() {
    for (const look of this.#waiting) look()
  }

  /** @param {string} reason */
  #fail(reason) {
    this.#failure = new Error(reason)
    this.#look()
  }

  /** @param {string} client_id of one without an ack */
  #send(client_id) {
    const message = this.#unacked.get(client_id)
    if (message === undefined || this.#socket?.readyState !== WebSocket.OPEN) return
    if (message.isSent) counts.repeated.add(1)
    message.isSent = true
    this.#say({ type: 'send', room_id: this.room_id, client_id, text: message.text })
  }

  /** @param {object} frame */
  #say(frame) {
    this.#socket?.send(JSON.stringify(frame))
  }

  /** @param {any} frame */
  #hear(frame) {
    if (frame.code === 'STORE_UNAVAILABLE') {
      if (frame.client_id === undefined) this.#comeBack(AGAIN_MS, frame.message)
      else setTimeout(() => this.#send(frame.client_id), AGAIN_MS)
      return
    }
    if (frame.type === 'error' || frame.type === 'reset') this.#fail(JSON.stringify(frame))
    if (frame.type === 'welcome') {
      this.#epoch = frame.epoch
      this.#isWelcome = true
      this.#back_until = 0
    }
    if (frame.type === 'ack') {
      const { sent_at } = this.#unacked.get(frame.client_id) ?? {}
      this.#unacked.delete(frame.client_id)
      if (sent_at !== undefined) ack_ms.add(Date.now() - sent_at)
    }
    if (frame.seq !== undefined && !['ack', 'welcome', 'reset', 'read'].includes(frame.type)) this.#count(frame)
    this.#look()
  }

  /** @param {any} event of the room's log */
  #count(event) {
    if (event.seq <= this.#seq) counts.doubled.add(1)
    else if (event.seq !== this.#seq + 1) counts.unordered.add(1)
    this.#seq = Math.max(this.#seq, event.seq)
    if (event.type !== 'message') return
    if (this.#seen.has(event.client_id) && event.seq === this.#seq) counts.doubled.add(1)
    this.#seen.add(event.client_id)
    delivery_ms.add(Date.now() - Number(event.text.split(' ', 1)[0]))
  }
}
