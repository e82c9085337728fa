import type { Store } from '../../plugins/store/index.js'
import type { RoomRecord } from '../../schemas/room.js'
import type { StoredUser } from '../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { Command } from './command.js'
import { withStore } from './store.js'

const PAGE = 200
const options = { json: { type: 'boolean' } } as const
const help = `With --json every line is an object. Servers can keep running.`

/** All accounts that are not deleted, by name. */
export async function* allUsers(store: Store): AsyncGenerator<StoredUser> {
  let after = ''
  for (;;) {
    const page = await store.listUsers({ after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.username as string
  }
}

/** All rooms that exist, by id. */
export async function* allRooms(store: Store): AsyncGenerator<RoomRecord> {
  let after = ''
  for (;;) {
    const page = await store.listAllRooms({ after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.id as string
  }
}

/** A line of a table, without white space at its end. @param widths of all columns but the last */
const line = (cells: string[], widths: number[]) =>
  cells
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join('  ')
    .trimEnd()

const USER_WIDTHS = [30, 10]

export const userList: Command = {
  summary: 'List the accounts',
  operands: '',
  usageOptions: '[--json]',
  help: `Prints name, day of registration, and whether the user is an administrator or blocked. ${help}`,
  options,
  async run(_positionals, { json }, { env, print }) {
    return withStore(env, async ({ store }) => {
      if (!json) print(line(['USERNAME', 'CREATED', 'STATE'], USER_WIDTHS))
      for await (const { username, display_name, created_at, is_admin, blocked } of allUsers(store)) {
        const state = [is_admin && 'administrator', blocked && 'blocked'].filter(Boolean).join(', ')
        if (json) print(JSON.stringify({ username, display_name, created_at, is_admin, blocked }))
        else print(line([username, created_at.slice(0, 10), state], USER_WIDTHS))
      }
      return undefined
    })
  },
}

const ROOM_WIDTHS = [32, 7, 7, 30]

export const roomList: Command = {
  summary: 'List the rooms',
  operands: '',
  usageOptions: '[--json]',
  help: `Prints id, visibility, number of members, owner and name of every room, also of private ones. Direct conversations are
left out: who talks to whom is nobody else's business. ${help}`,
  options,
  async run(_positionals, { json }, { env, print }) {
    return withStore(env, async ({ store }) => {
      const users = await store.countUsers()
      if (!json) print(line(['ID', 'ACCESS', 'MEMBERS', 'OWNER', 'NAME'], ROOM_WIDTHS))
      for await (const room of allRooms(store)) {
        if (room.direct) continue
        const { id, name, is_public, owner, created_at, password_hash } = room
        const member_count = id === DEFAULT_ROOM_ID ? users : room.member_count
        const access = is_public ? 'public' : 'private'
        const has_password = password_hash !== null
        if (json) print(JSON.stringify({ id, name, is_public, has_password, owner, member_count, created_at }))
        else print(line([id, access, String(member_count), owner, name], ROOM_WIDTHS))
      }
      return undefined
    })
  },
}
