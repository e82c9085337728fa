import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { type Actor, asOwner } from './choices.js'
import type { Answer, Args } from './history.js'
import { ADMINISTRATOR, type Room } from './room.js'

export type Ask = (client: Actor, args: Args) => Promise<unknown>
/** What holds at some moment between request and answer if it succeeded. */
export type Holds = (room: Room, seq: number, username: string, args: Args) => boolean

/**
 * Another member of a room that the client is in, whatever its role there: most of what it tries is refused. Neither by
 * nor on the administrator: that role is in no room's log.
 */
function asAnyone({ world, random, username }: Actor): Args | null {
  if (username === ADMINISTRATOR) return null
  const rooms = world.roomsOf(username).filter(({ room_id, direct }) => room_id !== DEFAULT_ROOM_ID && !direct)
  const room = random.pick(rooms)
  const member = random.pick([...(room?.members ?? [])].filter(name => name !== username && name !== ADMINISTRATOR))
  return room && member ? { room_id: room.room_id, member } : null
}

export function ofOwnRoom({ world, random, username }: Actor, word: string): Args | null {
  const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted && !room.direct))
  return room ? { room_id: room.room_id, text: `${word} ${++world.tokens}` } : null
}

export const row = (weight: number, choose: (client: Actor) => Args | null, ask: Ask, holds: Holds) => ({
  weight,
  choose,
  async ask(client: Actor, args: Args): Promise<Answer> {
    await ask(client, args)
    return {}
  },
  holds,
})

const ban: Ask = ({ http }, { room_id, member = '' }) => http.ban(room_id, member)
const isBanned: Holds = (room, seq, _, { member = '' }) => room.banOf(member).at(seq)
const forgetMember = ({ world }: Actor, { room_id, member = '' }: Args) => world.room(room_id)?.members.delete(member)
const mute: Ask = ({ http }, { room_id, member = '' }) => http.mute(room_id, member)
const isMuted: Holds = (room, seq, _, { member = '' }) => room.muteOf(member).at(seq)

/** Roles, bans, mutes and settings. */
export const moderation = {
  ban: { ...row(3, client => asOwner(client, true), ban, isBanned), learn: forgetMember },
  'ban as anyone': { ...row(2, asAnyone, ban, isBanned), learn: forgetMember },
  unban: row(
    4,
    client => asOwner(client, false),
    ({ http }, { room_id, member = '' }) => http.unban(room_id, member),
    (room, seq, _, { member = '' }) => !room.banOf(member).at(seq),
  ),
  mute: row(4, client => asOwner(client, true), mute, isMuted),
  'mute as anyone': row(2, asAnyone, mute, isMuted),
  unmute: row(
    6,
    client => asOwner(client, true),
    ({ http }, { room_id, member = '' }) => http.unmute(room_id, member),
    (room, seq, _, { member = '' }) => !room.muteOf(member).at(seq),
  ),
  appoint: row(
    3,
    client => asOwner(client, true),
    ({ http }, { room_id, member = '' }) => http.setRole(room_id, member, 'moderator'),
    (room, seq, _, { member = '' }) => room.moderatorOf(member).at(seq),
  ),
  dismiss: row(
    1,
    client => asOwner(client, true),
    ({ http }, { room_id, member = '' }) => http.setRole(room_id, member, 'member'),
    (room, seq, _, { member = '' }) => !room.moderatorOf(member).at(seq),
  ),
  rename: row(
    2,
    client => ofOwnRoom(client, 'Renamed'),
    ({ http }, { room_id, text: name = '' }) => http.changeRoom(room_id, { name }),
    (room, seq, _, { text }) => room.settings.at(seq).name === text,
  ),
  describe: row(
    2,
    client => ofOwnRoom(client, 'About'),
    ({ http }, { room_id, text: description = '' }) => http.changeRoom(room_id, { description }),
    (room, seq, _, { text }) => room.settings.at(seq).description === text,
  ),
}
