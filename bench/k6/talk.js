import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import { clearTimeout, setTimeout } from 'k6/timers'
import { WebSocket } from 'k6/websockets'

/** What all scripts share: accounts, requests, and somebody who talks over a socket and counts what is wrong. */

const BASE_URL = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, '')
/** How long a message may be missing before it counts as lost. */
const PATIENCE_MS = numberOf('PATIENCE_MS', 30_000)

export const counts = {
  /** Messages that were acknowledged and did not come. */
  lost: new Counter('messages_lost'),
  /** Messages that came, or were stored, more than once. */
  doubled: new Counter('messages_doubled'),
  /** Events that did not follow on the one before. */
  unordered: new Counter('messages_unordered'),
  /** Conversations that came to their end, and those that broke off. */
  held: new Counter('conversations'),
  failed: new Counter('conversations_failed'),
}
/** From sending to the ack: the message is on the disk. */
const ack_ms = new Trend('ack_ms', true)
/** From sending to somebody else's socket. */
const delivery_ms = new Trend('delivery_ms', true)

/** Nothing may be wrong, and something must have happened. */
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
  if (!Number.isFinite(value)) throw new Error(`${name} is no number`)
  return value
}

/** @param {number} ms @returns {Promise<void>} */
export const pause = ms => new Promise(resolve => void setTimeout(resolve, ms))

/**
 * One request. @param {string} method @param {string} path @param {string} [token] @param {object} [body]
 * @returns {Promise<{ status: number, body: any }>} @throws on any answer of 400 or more
 */
export async function call(method, path, token, body) {
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  }
  const answer = await http.asyncRequest(method, BASE_URL + path, body === undefined ? null : JSON.stringify(body), {
    headers,
    // So that ids do not make a series of figures each.
    tags: { name: `${method} ${path.replace(/^(\/rooms\/)[^/?]+/, '$1:id').replace(/\/\d+|\?.*/g, '')}` },
  })
  const text = typeof answer.body === 'string' ? answer.body : ''
  if (answer.status >= 400 || answer.status === 0) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
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
 * Runs a conversation and counts how it ended: k6 itself passes over what is thrown.
 * @param {() => Promise<void>} talk @param {Talker} [talker] whose socket ends with it, so that the iteration does
 */
export async function converse(talk, talker) {
  // So that thresholds have something to judge where nothing is wrong.
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

/** The person that this VU is. @param {{ username: string, token: string }[]} people */
export function personOf(people) {
  const person = people[exec.vu.idInTest - 1]
  if (person === undefined) throw new Error('there are more VUs than people')
  return person
}

/** Somebody in a room, over any number of sockets one after the other, who counts what is wrong. */
export class Talker {
  /** The last event that came: the next socket goes on from there. */
  #seq = 0
  #epoch = ''
  /** client_ids of the messages that came. @type {Set<string>} */
  #seen = new Set()
  /**
   * Sends without an ack, by client_id.
   * @type {Map<string, { text: string, sent_at: number, acked: () => void, refused: (error: Error) => void }>}
   */
  #unacked = new Map()
  /** Whoever waits for what comes. @type {Set<() => void>} */
  #waiting = new Set()
  /** @type {WebSocket | null} */
  #socket = null
  #sent = 0

  /** @param {{ username: string, token: string }} person @param {string} room_id */
  constructor(person, room_id) {
    this.person = person
    this.room_id = room_id
  }

  /** Connects, goes on after what came last, and says again what was not acknowledged. @returns {Promise<void>} */
  connect() {
    return new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${this.person.token}` }
      /** @param {string} reason */
      const fail = reason => {
        if (socket !== this.#socket) return
        reject(new Error(reason))
        this.#refuse(new Error(reason))
      }
      const socket = new WebSocket(`${BASE_URL.replace(/^http/, 'ws')}/ws`, null, { headers })
      this.#socket = socket
      socket.onopen = () => {
        const epoch = this.#epoch === '' ? {} : { epoch: this.#epoch }
        this.#say({ type: 'subscribe', room_id: this.room_id, after: this.#seq, ...epoch })
        for (const [client_id, { text }] of this.#unacked) this.#send(client_id, text)
      }
      socket.onmessage = event => {
        // Of a socket that was left, nothing counts any more.
        if (socket !== this.#socket) return
        const frame = JSON.parse(String(event?.data))
        if (frame.type === 'welcome') {
          this.#epoch = frame.epoch
          resolve()
        }
        if (frame.type === 'error' || frame.type === 'reset') fail(JSON.stringify(frame))
        this.#hear(frame)
      }
      socket.onerror = () => fail('the socket failed')
      socket.onclose = () => fail('the socket was closed by the server')
    })
  }

  /** Leaves the socket, as a lost network does; what is under way on it is not waited for. */
  drop() {
    this.#socket?.close()
    this.#socket = null
  }

  /** @returns {Promise<void>} when it is acknowledged, over whichever socket; rejects where anything is refused */
  send() {
    const client_id = `${this.person.username}:${this.#sent++}`
    const sent_at = Date.now()
    const text = `${sent_at} 안녕하세요, this is message ${this.#sent}`
    /** @type {Promise<void>} */
    const ack = new Promise((resolve, refused) => {
      this.#unacked.set(client_id, { text, sent_at, acked: () => resolve(), refused })
      this.#send(client_id, text)
    })
    // Who waits for it may come later.
    ack.catch(() => {})
    return ack
  }

  /** Waits until so many messages came, and counts those as lost that do not. @param {number} messages */
  async expect(messages) {
    await this.#until(() => this.#seen.size >= messages)
    counts.lost.add(Math.max(0, messages - this.#seen.size))
  }

  /** Waits until all that it sent came, and counts what does not as lost. */
  async expectOwn() {
    const missing = () => {
      let count = 0
      for (let n = 0; n < this.#sent; n++) if (!this.#seen.has(`${this.person.username}:${n}`)) count++
      return count
    }
    await this.#until(() => missing() === 0)
    counts.lost.add(missing())
  }

  /** @param {() => boolean} holds @returns {Promise<void>} also when the patience ends */
  #until(holds) {
    return new Promise(resolve => {
      const look = () => {
        if (holds()) end()
      }
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      const timer = setTimeout(end, PATIENCE_MS)
      this.#waiting.add(look)
      look()
    })
  }

  /** Nothing that is under way is acknowledged any more. @param {Error} error */
  #refuse(error) {
    for (const { refused } of this.#unacked.values()) refused(error)
    this.#unacked.clear()
  }

  /** @param {string} client_id @param {string} text */
  #send(client_id, text) {
    this.#say({ type: 'send', room_id: this.room_id, client_id, text })
  }

  /** @param {object} frame */
  #say(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame))
  }

  /** @param {any} frame */
  #hear(frame) {
    if (frame.type === 'ack') {
      const { sent_at, acked } = this.#unacked.get(frame.client_id) ?? {}
      this.#unacked.delete(frame.client_id)
      if (sent_at !== undefined) ack_ms.add(Date.now() - sent_at)
      acked?.()
    }
    if (frame.seq === undefined || ['ack', 'welcome', 'reset', 'read'].includes(frame.type)) return
    if (frame.seq <= this.#seq) counts.doubled.add(1)
    else if (frame.seq !== this.#seq + 1) counts.unordered.add(1)
    this.#seq = Math.max(this.#seq, frame.seq)
    if (frame.type !== 'message') return
    if (this.#seen.has(frame.client_id) && frame.seq === this.#seq) counts.doubled.add(1)
    this.#seen.add(frame.client_id)
    delivery_ms.add(Date.now() - Number(frame.text.split(' ', 1)[0]))
    for (const look of this.#waiting) look()
  }
}
