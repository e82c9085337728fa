import type { Message } from '../../schemas/message.js'
import { limits } from '../../schemas/wire.js'
import type { Http } from '../../static/client/index.js'
import { readHistory } from './history.js'

/** Checks without progress, 50 ms apart, before lagging observers are given up. */
const TRIES_MAX = 1200

/** A message of a recording, in the order of its room. */
export interface Said {
  room: string
  username: string
  text: string
}

/** A message that an observer received, and when. */
export interface Heard {
  client_id: string
  at: number
}

/** The recorded messages of a room, and the results of replaying them. */
export interface Replayed {
  room_id: string
  said: Said[]
  /** client_id of each message, in the recorded order. */
  client_ids: string[]
  /** When each message was acknowledged, by client_id. */
  acked_at: Map<string, number>
  /** The messages that each observer received, in order. */
  observed: Heard[][]
}

/**
 * Compares the whole history, and what each observer received, with the recording.
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

/**
 * Searches a room for parts of its Korean words. @returns how many parts were searched, and for how many a hit is
 * missing
 */
export async function searchAll({ room_id, said }: Replayed, reader: Http, count: number) {
  const parts = pickParts(said, count)
  let searches_incomplete = 0
  for (const part of parts) {
    const expected = said.filter(({ text }) => text.includes(part)).length
    if ((await countHits(reader, room_id, part)) !== expected) searches_incomplete++
  }
  return { searches: parts.length, searches_incomplete }
}

/** Whether an observer received exactly the recorded messages; reports the first difference. */
function isAsSaid({ client_ids }: Replayed, heard: Heard[], name: string, say: (line: string) => void): boolean {
  const at = client_ids.findIndex((client_id, place) => heard[place]?.client_id !== client_id)
  if (at < 0 && heard.length === client_ids.length) return true
  const from = at < 0 ? client_ids.length : at
  say(`${name} received ${heard.length} of ${client_ids.length} messages, the first wrong one is number ${from + 1}`)
  return false
}

/** The longest time from a message's ack until an observer received it, ms. */
function furthestBehind(acked_at: Map<string, number>, heard: Heard[]): number {
  return heard.reduce((most, { client_id, at }) => Math.max(most, at - (acked_at.get(client_id) ?? at)), 0)
}

/** Compares the history with the recording. */
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

/** Pairs of adjacent Hangul syllables from random messages; empty if none contains Korean. */
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

/** Waits while lagging observers make progress; those that stop are counted as wrong. */
async function caughtUp({ observed, said }: Replayed) {
  const count = () => observed.reduce((sum, heard) => sum + heard.length, 0)
  let known = -1
  for (let tries = 0; tries < TRIES_MAX && !observed.every(heard => heard.length >= said.length); tries++) {
    if (count() > known) tries = 0
    known = count()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
