import type { Command } from './command.js'
import { allRooms, allUsers } from './list.js'
import { withStore } from './store.js'

export const stats: Command = {
  summary: 'Count accounts, rooms and events',
  operands: '',
  usageOptions: '[--json]',
  help: `Events are messages, edits, deletions and everything else that the logs of the rooms hold. With --json the figures are one
object. Servers can keep running; what they count as sockets and requests is in /metrics.`,
  options: { json: { type: 'boolean' } },
  async run(_positionals, { json }, { env, print }) {
    return withStore(env, async ({ store, config: { MONGODB_URI, MONGODB_DATABASE, DATA_DIR } }) => {
      const users = { total: 0, administrators: 0, blocked: 0 }
      for await (const { is_admin, blocked } of allUsers(store)) {
        users.total++
        if (is_admin) users.administrators++
        if (blocked) users.blocked++
      }
      const rooms = { total: 0, private: 0, direct: 0 }
      let events = 0
      for await (const { direct, is_public, indexed_seq } of allRooms(store)) {
        rooms.total++
        if (direct) rooms.direct++
        else if (!is_public) rooms.private++
        events += indexed_seq
      }
      const place = MONGODB_URI === undefined ? `embedded in ${DATA_DIR}` : `mongodb, database ${MONGODB_DATABASE}`
      if (json) {
        print(JSON.stringify({ store: place, users, rooms, events }))
        return undefined
      }
      print(`Store   ${place}`)
      print(`Users   ${users.total} (administrators: ${users.administrators}, blocked: ${users.blocked})`)
      print(`Rooms   ${rooms.total} (private: ${rooms.private}, direct conversations: ${rooms.direct})`)
      print(`Events  ${events}`)
      return undefined
    })
  },
}
