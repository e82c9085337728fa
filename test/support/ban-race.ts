import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { newUser } from '../../plugins/auth/accounts.js'

/** Tries per room, because each reads the room's whole log. */
const TRIES_A_ROOM = 20

export interface BanFigures {
  /** Sends that were acknowledged before the ban. */
  sent: number
  refused: number
  /** Messages, edits and joins of the banned behind the ban. */
  behind: number
}

/**
 * Repeatedly bans a member on one server while the member sends on every server and, once refused, tries to come back.
 * @param servers on one empty store
 */
export async function raceBans(servers: FastifyInstance[], tries: number): Promise<BanFigures> {
  const [first] = servers as [FastifyInstance]
  for (const username of ['owner', 'talker']) await first.store.createUser(newUser(username, ''))
  const figures: BanFigures = { sent: 0, refused: 0, behind: 0 }
  let room_id = ''
  for (let n = 0; n < tries; n++) {
    if (n % TRIES_A_ROOM === 0) room_id = (await first.rooms.create('owner', { name: `Room ${n}` })).id
    await first.rooms.join(room_id, 'talker', undefined)
    const from = await first.store.readHead(room_id)
    const attempts = servers.flatMap(({ messages, rooms }) => [
      messages.send(room_id, 'talker', { client_id: randomUUID(), text: 'still here' }),
      wait(1).then(() => messages.send(room_id, 'talker', { client_id: randomUUID(), text: 'still here' })),
      wait(2).then(() => rooms.join(room_id, 'talker', undefined)),
    ])
    const banning = servers[n % servers.length] as FastifyInstance
    const ban = wait(n % 3).then(() => banning.rooms.ban(room_id, 'owner', 'talker', {}))
    const results = await Promise.allSettled([...attempts, ban])
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      if (!['NOT_MEMBER', 'BANNED'].includes(result.reason.code)) throw result.reason
      figures.refused++
    }
    const log = await first.store.readEvents(room_id, { after: from, limit: 1000 })
    const at = log.findIndex(({ type }) => type === 'banned')
    figures.sent += log.slice(0, at).filter(({ type }) => type === 'message').length
    figures.behind += log.slice(at + 1).filter(({ username }) => username === 'talker').length
    await first.rooms.unban(room_id, 'owner', 'talker')
  }
  return figures
}

/** Repeatedly gives two rooms, and a new one, the same name on several servers. @returns rounds that did not end with one */
export async function raceNames(servers: FastifyInstance[], tries: number): Promise<number> {
  const [first] = servers as [FastifyInstance]
  const ids = [
    (await first.rooms.create('owner', { name: 'One' })).id,
    (await first.rooms.create('owner', { name: 'Two' })).id,
  ]
  let wrong = 0
  for (let n = 0; n < tries; n++) {
    const at = (k: number) => (servers[(n + k) % servers.length] as FastifyInstance).rooms
    const name = `Wanted ${n}`
    const results = await Promise.allSettled([
      ...ids.map((id, k) => at(k).change(id, 'owner', { name: k === 0 ? name : name.toUpperCase() })),
      at(1).create('owner', { name }),
    ])
    for (const result of results) {
      if (result.status === 'rejected' && result.reason.code !== 'ROOM_NAME_TAKEN') throw result.reason
    }
    const { rooms } = await first.rooms.list('owner', { q: name, limit: 100 })
    const named = rooms.filter(room => room.name.toLowerCase() === name.toLowerCase())
    if (named.length !== 1 || results.filter(({ status }) => status === 'fulfilled').length !== 1) wrong++
  }
  return wrong
}

const JOINS = 50
const USES = 10

/** Lets JOINS users race for an invitation of USES uses, on all servers. @returns how many joined by each invitation */
export async function raceInvitations(servers: FastifyInstance[], tries: number): Promise<number[]> {
  const [first] = servers as [FastifyInstance]
  const { id } = await first.rooms.create('owner', { name: 'Invited' })
  const joined: number[] = []
  for (let n = 0; n < tries; n++) {
    const names = Array.from({ length: JOINS }, (_, k) => `guest-${n}-${k}`)
    for (const name of names) await first.store.createUser(newUser(name, ''))
    const { code } = await first.rooms.invite(id, 'owner', { max_uses: USES })
    const from = await first.store.readHead(id)
    const at = (k: number) => (servers[k % servers.length] as FastifyInstance).rooms
    const results = await Promise.allSettled(names.map((name, k) => at(k).joinByInvite(code, name)))
    for (const result of results) {
      if (result.status === 'rejected' && result.reason.code !== 'INVITATION_INVALID') throw result.reason
    }
    const log = await first.store.readEvents(id, { after: from, limit: 1000 })
    const members = new Set(log.filter(({ type }) => type === 'joined').map(({ member }) => member))
    const told = results.filter(({ status }) => status === 'fulfilled').length
    joined.push(told === members.size ? members.size : Number.NaN)
  }
  return joined
}
