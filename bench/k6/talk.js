import exec from 'k6/execution'
import http from 'k6/http'
import { Counter } from 'k6/metrics'
import { setTimeout } from 'k6/timers'

/** Shared by all scripts: counts, accounts and requests. */

export const BASE_URL = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, '')
/** How long to wait for an ack or for restarting servers, and until a missing message counts as lost. */
export const PATIENCE_MS = numberOf('PATIENCE_MS', 30_000)
/** Retry delay if the server does not name one. */
export const AGAIN_MS = 1000

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
 * @param {() => Promise<void>} talk @param {import('./talker.js').Talker} [talker] whose socket ends with it, so that the iteration does
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
