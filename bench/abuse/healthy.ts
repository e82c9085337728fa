import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'

const SENDS_PER_S = 4
const PINGS_PER_S = 50

export interface Figures {
  /** ms, of acks and pongs together. */
  p50: number
  p99: number
  /** The longest time without any answer, ms. */
  silence: number
  /** Requests and frames that were refused, and sockets that were closed. */
  refused: number
}

/** A user that sends 4 messages a second and pings 50 times a second, and measures how long the answers take. */
export class Healthy {
  #socket: WebSocket | null = null
  #sent = new Map<string, number>()
  #pings: number[] = []
  #took: number[] = []
  #heard_at = 0
  #silence = 0
  #refused = 0
  #timers: NodeJS.Timeout[] = []

  constructor(
    private readonly port: number,
    private readonly token: string,
  ) {}

  async start() {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/ws`, {
      headers: { authorization: `Bearer ${this.token}` },
      perMessageDeflate: false,
    })
    this.#socket = socket
    socket.on('message', data => this.#hear(JSON.parse(data.toString())))
    socket.on('close', () => this.#refused++)
    socket.on('error', () => {})
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'subscribe', room_id: DEFAULT_ROOM_ID }))
    this.#heard_at = performance.now()
    this.#timers = [
      setInterval(() => {
        const client_id = randomUUID()
        this.#sent.set(client_id, performance.now())
        this.#send({ type: 'send', room_id: DEFAULT_ROOM_ID, client_id, text: 'still here' })
      }, 1000 / SENDS_PER_S),
      setInterval(() => {
        this.#pings.push(performance.now())
        this.#send({ type: 'ping' })
      }, 1000 / PINGS_PER_S),
    ]
  }

  /** The figures since the last call; requests still without an answer count with the time that they have waited. */
  take(): Figures {
    const now = performance.now()
    for (const at of [...this.#sent.values(), ...this.#pings]) if (now - at > 100) this.#took.push(now - at)
    const took = this.#took.sort((a, b) => a - b)
    const figures = {
      p50: took[Math.floor(took.length / 2)] ?? 0,
      p99: took[Math.floor(took.length * 0.99)] ?? 0,
      silence: Math.max(this.#silence, now - this.#heard_at),
      refused: this.#refused,
    }
    this.#took = []
    this.#silence = 0
    this.#heard_at = now
    this.#refused = 0
    return figures
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer)
    this.#socket?.removeAllListeners('close')
    this.#socket?.terminate()
  }

  #send(frame: object) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame))
  }

  #hear(frame: { type: string; client_id?: string }) {
    const now = performance.now()
    this.#silence = Math.max(this.#silence, now - this.#heard_at)
    this.#heard_at = now
    if (frame.type === 'pong') this.#took.push(now - (this.#pings.shift() ?? now))
    else if (frame.type === 'error') this.#refused++
    else if (frame.type === 'ack') {
      this.#took.push(now - (this.#sent.get(frame.client_id as string) ?? now))
      this.#sent.delete(frame.client_id as string)
    }
  }
}
