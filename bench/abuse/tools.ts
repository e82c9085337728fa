import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

/** What an attack has at hand. */
export interface Attack {
  port: number
  /** Of the abusive account. */
  token: string
  /** Logs in from an address of its own. @returns a token */
  login(username: string, address?: string): Promise<string>
  /** Runs `work` again and again, in `lanes` lanes, until the attack is over. */
  loop(lanes: number, work: (lane: number) => Promise<unknown>): Promise<void>
  /** Whether the attack goes on. */
  going(): boolean
  /** What was refused: only the honest loads must have none. */
  refused: Record<string, number>
}

/** The attacker's address; any address of 127.0.0.0/8 is this machine. */
export const ADDRESS = '127.0.0.2'

/** A raw connection that hides its errors. */
export function open(port: number, localAddress = ADDRESS): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  return socket
}

/** A WebSocket; resolves when it is open, or null if it was refused. */
export async function openSocket(port: number, token: string, localAddress = ADDRESS): Promise<WebSocket | null> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    localAddress,
  })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'open'), once(socket, 'close'), once(socket, 'unexpected-response')]).catch(() => {})
  return socket.readyState === WebSocket.OPEN ? socket : null
}

export interface Answer {
  status: number
  body: string
}

/** One request on a connection of its own. @returns status 0 if the connection broke */
export function ask(
  port: number,
  method: string,
  path: string,
  { token, body, localAddress = ADDRESS }: { token?: string; body?: object; localAddress?: string } = {},
): Promise<Answer> {
  return new Promise(resolve => {
    const sent = body && JSON.stringify(body)
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(sent && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
    }
    const asked = request({ host: '127.0.0.1', port, method, path, headers, localAddress, agent: false }, answer => {
      let text = ''
      answer.on('data', data => {
        text += data
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      answer.on('error', () => resolve({ status: 0, body: text }))
    })
    asked.on('error', () => resolve({ status: 0, body: '' }))
    asked.end(sent)
  })
}

/** Keeps `number` sockets open and lets each do `act` `per_second` times a second, until the attack is over. */
export async function drive(
  attack: Attack,
  number: number,
  per_second: number,
  act: (socket: WebSocket, tick: number) => void,
  token = attack.token,
) {
  await attack.loop(number, async () => {
    const socket = await openSocket(attack.port, token)
    if (!socket) return sleep(100)
    socket.on('message', () => {})
    for (let tick = 0; attack.going() && socket.readyState === WebSocket.OPEN; tick++) {
      act(socket, tick)
      await sleep(1000 / per_second)
    }
    socket.terminate()
  })
}
