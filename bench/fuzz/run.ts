import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Ajv } from 'ajv'
import { WebSocket } from 'ws'
import { eventFrames, serverFrames } from '../../schemas/frame.js'
import { BEARER_PREFIX, closeCodes, DEFAULT_ROOM_ID, limits, SUBPROTOCOL } from '../../schemas/wire.js'
import { createHttp } from '../../static/client/http.js'
import { createRandom, type Random } from '../faults/random.js'
import { startServer } from '../replay/server.js'
import { encode, type Fuzzed, fuzz } from './frames.js'

/** What the server may keep of all that it was sent, MiB. */
const MEMORY_MAX_MIB = 200
/** Sockets that send at the same time, each with random frames of its own. */
const SOCKETS = 8
/** Frames that a socket sends before it is closed, at the most. */
const BATCH_MAX = 30
/** Codes of WebSocket itself: ended, protocol error, unsupported data, no code, no close frame, too many fragments. */
const PROTOCOL_CODES = [1000, 1002, 1003, 1005, 1006, 1008]
const PASSWORD = 'correct horse battery'

export interface Outcome {
  frames: number
  connections: number
  /** Answers by their type, and sockets by their close code. */
  answers: Record<string, number>
  closes: Record<string, number>
  /** Messages of the healthy user that were acknowledged meanwhile. */
  acked: number
  /** How much more memory the server used than before, at the most, MiB. */
  memory_mib: number
  /** What broke a promise; empty if nothing did. */
  broken: string[]
}

const ajv = new Ajv({ strict: false })
const validators = new Map(
  Object.entries({ ...eventFrames, ...serverFrames }).map(([type, schema]) => [type, ajv.compile(schema)]),
)
const known_codes = new Set([...PROTOCOL_CODES, ...Object.values(closeCodes).map(({ code }) => code as number)])

/** Why an answer is not one that the protocol has; undefined if it is. */
export function wrongAnswer(text: string): string | undefined {
  let answer: { type?: string }
  try {
    answer = JSON.parse(text)
  } catch {
    return `no JSON: ${text}`
  }
  const validate = validators.get(answer.type ?? '')
  if (validate === undefined) return `of an unknown type: ${text}`
  return validate(answer) ? undefined : `${ajv.errorsText(validate.errors)}: ${text}`
}

/**
 * Sends a server of its own frames that are changed, cut off, fragmented, too large, nested or empty, while a healthy user
 * sends messages.
 * @param frames how many, over all sockets; with the same seed they are the same
 */
export async function run({ seed, frames }: { seed: number; frames: number }): Promise<Outcome> {
  const outcome: Outcome = { frames: 0, connections: 0, answers: {}, closes: {}, acked: 0, memory_mib: 0, broken: [] }
  // Without limits more of the frames are looked at.
  const server = await startServer({ BUDGET_ACCOUNT_MS: '0', BUDGET_ADDRESS_MS: '0', LOG_LEVEL: 'error' })
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  const count = (counts: Record<string, number>, name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const url = `${server.base_url.replace('http', 'ws')}/ws`

  async function open(username: string, token: string) {
    const socket = new WebSocket(url, [SUBPROTOCOL, BEARER_PREFIX + token])
    // After a broken frame the connection may be reset.
    socket.on('error', () => {})
    socket.on('message', data => {
      const text = data.toString()
      const wrong = wrongAnswer(text)
      if (wrong !== undefined) outcome.broken.push(`An answer to ${username} is ${wrong}`)
      count(outcome.answers, JSON.parse(text).type)
    })
    const opened = new Promise<boolean>(resolve => {
      socket.once('open', () => resolve(true)).once('close', () => resolve(false))
    })
    const closed = new Promise<number>(resolve => socket.once('close', resolve))
    if (!(await opened)) outcome.broken.push(`A connection of ${username} was refused`)
    return { socket, closed }
  }

  /** Sends frames on one connection and waits until the server has answered or closed it. */
  async function attack(token: string, batch: Fuzzed[], mark: string) {
    const { socket, closed } = await open('fuzzer', token)
    const answered = new Promise<void>(resolve => {
      socket.on('message', data => {
        if (data.toString().includes(`"client_id":"${mark}"`)) resolve()
      })
    })
    const { _socket: raw } = socket as unknown as { _socket: Socket | null }
    if (raw === null) return
    outcome.connections++
    raw.write(Buffer.concat(batch.map(({ bytes }) => bytes)))
    raw.write(encode(Buffer.from(JSON.stringify({ type: 'mark', client_id: mark }))))
    // Frames may be unfinished, so the mark may be part of one: then only the end is answered.
    await (batch.some(({ is_open }) => is_open) ? Promise.resolve() : Promise.race([answered, closed]))
    raw.end()
    const code = await closed
    count(outcome.closes, String(code))
    if (!known_codes.has(code))
      outcome.broken.push(`Closed with ${code} after ${batch.map(({ how }) => how).join('; ')}`)
  }

  async function attacker(n: number, token: string, random: Random) {
    for (let left = Math.ceil(frames / SOCKETS), at = 0; left > 0 && outcome.broken.length === 0; at++) {
      const batch = Array.from({ length: Math.min(left, 1 + random.int(BATCH_MAX)) }, () => fuzz(random))
      left -= batch.length
      await attack(token, batch, `mark-${n}-${at}`)
      outcome.frames += batch.length
    }
  }

  const http = createHttp({ base_url: server.base_url })
  const register = (username: string) => http.register({ username, password: PASSWORD })
  // The first account is an administrator, who may delete the messages of others.
  const healthy = await register('healthy')
  const { token } = await register('fuzzer')
  const { socket, closed } = await open('healthy', healthy.token)
  socket.send(JSON.stringify({ type: 'subscribe', room_id: DEFAULT_ROOM_ID }))
  const memory_before = resident()
  let over = false

  /** One message after the other, each sent once the one before it is acknowledged. */
  async function talk() {
    const sent: string[] = []
    while (!over && outcome.broken.length === 0) {
      const client_id = `healthy-${sent.length}`
      const acked = new Promise<boolean>(resolve => {
        const listen = (data: { toString(): string }) => {
          const answer = JSON.parse(data.toString())
          if (answer.client_id !== client_id || !['ack', 'error'].includes(answer.type)) return
          socket.off('message', listen)
          resolve(answer.type === 'ack')
        }
        socket.on('message', listen)
        closed.then(() => resolve(false))
      })
      socket.send(JSON.stringify({ type: 'send', room_id: DEFAULT_ROOM_ID, client_id, text: client_id }))
      if (await acked) sent.push(client_id)
      else outcome.broken.push(`${client_id} was not acknowledged`)
      outcome.memory_mib = Math.max(outcome.memory_mib, resident() - memory_before)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    outcome.acked = sent.length
    return sent
  }

  try {
    const random = createRandom(seed)
    const talking = talk()
    await Promise.all(Array.from({ length: SOCKETS }, (_, n) => attacker(n, token, random.fork(n))))
    over = true
    await checkHistory(await talking)
    if (outcome.memory_mib > MEMORY_MAX_MIB) outcome.broken.push(`The server grew by ${outcome.memory_mib} MiB`)
    await http.ready()
  } catch (error) {
    outcome.broken.push(String(error))
  } finally {
    over = true
    socket.terminate()
    const code = await server.stop()
    if (code !== 0) outcome.broken.push(`The server exited with ${code}`)
  }
  return outcome

  async function checkHistory(sent: string[]) {
    const own = createHttp({ base_url: server.base_url, token: () => healthy.token })
    const found: string[] = []
    for (let after = 0, more = true; more; ) {
      const page = await own.messages(DEFAULT_ROOM_ID, { after, limit: limits.PAGE_MAX })
      found.push(...page.messages.filter(({ username }) => username === 'healthy').map(({ text }) => text))
      after = page.messages.at(-1)?.id ?? after
      more = page.has_more
    }
    if (found.join() !== sent.join()) outcome.broken.push(`History has ${found.length} of ${sent.length} messages`)
  }
}
