import { Trend } from 'k6/metrics'
import { clearTimeout, setTimeout } from 'k6/timers'
import { WebSocket } from 'k6/websockets'
import { AGAIN_MS, BASE_URL, counts, PATIENCE_MS } from './talk.js'

/** Close code of a restarting server. */
const RESTARTING = 1012
/** `readyState` of an open socket: `WebSocket.OPEN` exists only from k6 2.3 on. */
const OPEN = 1
/** Time from sending to the ack, when the message is durable. */
const ack_ms = new Trend('ack_ms', true)
/** Time from sending to the arrival at another user's socket. */
const delivery_ms = new Trend('delivery_ms', true)

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
    if (this.#socket?.readyState === OPEN) this.#socket.close()
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
    if (message === undefined || this.#socket?.readyState !== OPEN) return
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
