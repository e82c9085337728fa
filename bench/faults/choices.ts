import type { AdminHttp } from '../../static/client/admin-http.js'
import { type Connection, type Http, uuidv7 } from '../../static/client/index.js'
import type { Answer, Args } from './history.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** What operations need of the client that does them. */
export interface Actor {
  readonly username: string
  readonly world: World
  readonly random: Random
  readonly http: Http
  readonly connection: Connection
  /** The part of the API that administrators find, with the session of a guest if its token is given. */
  admin(token?: string): AdminHttp
  /** The API with the session of a guest, or without a session. */
  as(token?: string): Http
  /** Tokens of sessions that ended. */
  readonly ended: readonly { token: string; session: number }[]
  /** Loses its socket and goes on with another server, as after a change of networks. */
  move(): Answer
  /** Ends the session and begins another one. */
  logOut(): Promise<Answer>
  /** Records that the end of a session was acknowledged. */
  end(token: string, session: number): void
  /** What the client can do with the token of a session that ended. */
  endedHttp(session: number): Http
}

/** What clients choose to do, by their random source; null if there is nothing. */

export const PASSWORD = 'correct horse battery'
export const COMMON = ['점심', 'lunch', 'today', 'release', '내일']
export const TOKEN_DIGITS = 7

/** A text with a word that no other message has, and one that many have; some mention a user, member or not, or all. */
export function newText({ world, random }: Actor): string {
  const text = `tok${String(++world.tokens).padStart(TOKEN_DIGITS, '0')} ${random.pick(COMMON)}`
  return random.int(4) === 0 ? `${text} @${random.pick([...world.usernames, 'all'])}님` : text
}

export const own = (client: Actor): Args | null => {
  const { world, random, username } = client
  const room = random.pick(world.roomsOf(username))
  const id = room && random.pick(room.sent.filter(({ author }) => author === username))?.id
  return room && id ? { room_id: room.room_id, id, client_id: uuidv7() } : null
}

/** The rooms that a user can enter. */
export const outsideOf = ({ rooms }: World, username: string) =>
  rooms.filter(({ members, deleted, direct }) => !deleted && !direct && !members.has(username))

export const withText = (client: Actor): Args | null => {
  const args = own(client)
  return args && { ...args, text: newText(client) }
}

export const anyRoom = ({ world, random, username }: Actor): Args | null => {
  const room = random.pick(world.roomsOf(username))
  return room ? { room_id: room.room_id } : null
}

/** A conversation of two, and the other one. */
export const other = ({ world, random, username }: Actor): Args | null => {
  const room = random.pick(world.roomsOf(username).filter(({ direct }) => direct))
  const member = [...(room?.members ?? [])].find(name => name !== username)
  return room && member ? { room_id: room.room_id, member } : null
}

/** @param other chooses another user of a room that the client owns */
export const asOwner = (client: Actor, isMember: boolean): Args | null => {
  const { world, random, username } = client
  const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted))
  const member = random.pick(world.usernames.filter(name => name !== username && room?.members.has(name) === isMember))
  return room && member ? { room_id: room.room_id, member } : null
}

export const message = (client: Actor): Args | null => {
  const room = anyRoom(client)
  return room && { ...room, text: newText(client), client_id: uuidv7() }
}

export const learnMessage = ({ world, username }: Actor, { room_id }: Args, { seq }: Answer) =>
  world.room(room_id)?.sent.push({ id: seq as number, author: username })
