import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { newUser } from '../../plugins/auth/accounts.js'
import type { StoredEvent } from '../../schemas/event.js'

/** Tries per room, because each reads the room's whole log. */
const TRIES_A_ROOM = 20
/** Sends on each server that race with one removal, this far apart in ms. */
const DELAYS_MS = [0, 1, 2]

export interface RaceFigures {
  sent: number
  /** Sends that were answered with NOT_MEMBER. */
  refused: number
  /** Messages of the removed behind their removal. */
  behind: number
  /** Sends that were acknowledged and are not there, or refused and are. */
  untrue: number
}

/**
 * Repeatedly removes a member on one server while the member sends on every server.
 *
 * @param servers on one empty store
 * @throws any error of a send or a removal, except that a removed member's send is rejected
 */
export async function raceRemovals(servers: FastifyInstance[], tries: number): Promise<RaceFigures> {
  const [first] = servers as [FastifyInstance]
  for (const username of ['owner', 'talker']) await first.store.createUser(newUser(username, ''))
  const figures: RaceFigures = { sent: 0, refused: 0, behind: 0, untrue: 0 }
  let room_id = ''
  for (let n = 0; n < tries; n++) {
    if (n % TRIES_A_ROOM === 0) room_id = (await first.rooms.create('owner', { name: `Room ${n}` })).id
    await first.rooms.join(room_id, 'talker', undefined)
    const sent = new Set<string>()
    const sends = servers.flatMap(({ messages }) =>
      DELAYS_MS.map(async delay_ms => {
        const client_id = randomUUID()
        await wait(delay_ms)
        await messages.send(room_id, 'talker', { client_id, text: 'still here' })
        sent.add(client_id)
      }),
    )
    const remover = servers[n % servers.length] as FastifyInstance
    const removal = wait(n % 4).then(() => remover.rooms.removeMember(room_id, 'owner', 'talker'))
    const results = await Promise.allSettled([...sends, removal])
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      if (result.reason.code !== 'NOT_MEMBER') throw result.reason
      figures.refused++
    }
    const log = await first.store.readEvents(room_id, { after: 0, limit: 1000 })
    const joined_at = log.findLastIndex(({ type }) => type === 'joined')
    const removed = log.findLast(({ type }) => type === 'removed') as StoredEvent
    const said = log.slice(joined_at).filter(({ type, username }) => type === 'message' && username === 'talker')
    figures.sent += sent.size
    figures.behind += said.filter(({ seq }) => seq > removed.seq).length
    const stored = new Set(said.map(({ client_id }) => client_id))
    figures.untrue += [...stored, ...sent].filter(id => !stored.has(id) || !sent.has(id)).length
  }
  return figures
}
