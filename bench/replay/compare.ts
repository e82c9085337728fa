import type { Message } from '../../schemas/message.js'
import { limits } from '../../schemas/wire.js'
import type { Http } from '../../static/client/index.js'
import { readHistory } from './history.js'

/** Looks at observers who are brought no further, 50 ms apart, before they are given up. */
const TRIES_MAX = 1200

/** One message of a recorded talk, in the order said within its room. */
export interface Said {
  room: string
  username: string
  text: string
}

/** A message that an observer was told of, and when. */
export interface Heard {
  client_id: string
  at: number
}

/** What was said in one room, and what became of it. */
export interface Replayed {
  room_id: string
  said: Said[]
  /** client_id of each message, in the order said. */
  client_ids: string[]
  /** When each message was acknowledged, by client_id. */
  acked_at: Map<string, number>
  /** client_ids of the messages that each observer was told of, in that order, and when. */
  observed: Heard[][]
}

/**
 * Reads the whole history and compares it, and what each observer was told of, with what was said.
 * @param observers their names
 */
export async function compareAll(replayed: Replayed[], reader: Http, observers: string[], say: (line: string) => void) {
  const figures = { lost: 0, doubled: 0, out_of_order: 0, altered: 0, observed_wrongly: 0, furthest_behind_ms: 0 }
  for (const room of replayed) {
    await caughtUp(room)
    const found = compare(room, await readHistory(reader, room.room_id))
    for (const name of ['lost', 'doubled', 'out_of_order', 'altered'] as const) figures[name] += found[name]
    for (const [index, heard] of room.observed.entries()) {
      if (!isAsSaid(room, heard, `${observers[index]}`, say)) figures.observed_wrongly++
      figures.furthest_behind_ms = Math.max(figures.furthest_behind_ms, furthestBehind(room.acked_at, heard))
    }
  }
  return figures
}

/** Searches a room for parts of Korean words that were said in it. @returns how many parts, and of how many not all was found */
export async function searchAll({ room_id, said }: Replayed, reader: Http, count: number) {
  const parts = pickParts(said, count)
  let searches_incomplete = 0
  for (const part of parts) {
    const expected = said.filter(({ text }) => text.includes(part)).length
    if ((await countHits(reader, room_id, part)) !== expected) searches_incomplete++
  }
  return { searches: parts.length, searches_incomplete }
}

/** Says where an observer was told other than what was said. */
function isAsSaid({ client_ids }: Replayed, heard: Heard[], name: string, say: (line: string) => void): boolean {
  const at = client_ids.findIndex((client_id, place) => heard[place]?.client_id !== client_id)
  if (at < 0 && heard.length === client_ids.length) return true
  const from = at < 0 ? client_ids.length : at
  say(`${name} was told of ${heard.length} of ${client_ids.length} messages, wrong from number ${from + 1} on`)
  return false
}

/** The longest time from a message's ack to when an observer was told of it, ms. */
function furthestBehind(acked_at: Map<string, number>, heard: Heard[]): number {
  return heard.reduce((most, { client_id, at }) => Math.max(most, at - (acked_at.get(client_id) ?? at)), 0)
}

/** What the history holds, against what was said. */
function compare({ said, client_ids }: Replayed, history: Message[]) {
  const places = new Map(client_ids.map((client_id, place) => [client_id, place]))
  const seen = new Set<string>()
  const figures = { lost: 0, doubled: 0, out_of_order: 0, altered: 0 }
  let last = -1
  for (const { client_id, text, username } of history) {
    const place = places.get(client_id)
    if (place === undefined || seen.has(client_id)) {
      figures.doubled++
      continue
    }
    seen.add(client_id)
    if (place < last) figures.out_of_order++
    last = place
    if (text !== said[place]?.text || username !== said[place]?.username) figures.altered++
  }
  figures.lost = client_ids.length - seen.size
  return figures
}

/** Two neighbouring Hangul syllables of random messages; none where nobody wrote Korean. */
function pickParts(said: Said[], count: number): string[] {
  const parts = said.flatMap(({ text }) => text.match(/[가-힣]{2}/g) ?? [])
  return Array.from({ length: parts.length > 0 ? count : 0 }, () => {
    return parts[Math.floor(Math.random() * parts.length)] as string
  })
}

async function countHits(http: Http, room_id: string, q: string): Promise<number> {
  let hits = 0
  let before: number | undefined
  do {
    const page = await http.search(room_id, { q, limit: limits.PAGE_MAX, ...(before !== undefined && { before }) })
    hits += page.messages.length
    before = page.next_before
  } while (before !== undefined)
  return hits
}

/** Waits as long as observers that lag behind are brought further; they are counted as wrong where they are not. */
async function caughtUp({ observed, said }: Replayed) {
  const count = () => observed.reduce((sum, heard) => sum + heard.length, 0)
  let known = -1
  for (let tries = 0; tries < TRIES_MAX && !observed.every(heard => heard.length >= said.length); tries++) {
    if (count() > known) tries = 0
    known = count()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
