import { directContract } from './contract/direct.js'
import { invitesContract } from './contract/invites.js'
import { logContract } from './contract/log.js'
import { marksContract } from './contract/marks.js'
import { membersContract } from './contract/members.js'
import { mentionsContract } from './contract/mentions.js'
import { openingContract } from './contract/opening.js'
import { reactionsContract } from './contract/reactions.js'
import { readingContract } from './contract/reading.js'
import { retentionContract } from './contract/retention.js'
import { roomsContract } from './contract/rooms.js'
import { searchContract } from './contract/search.js'
import { sessionsContract } from './contract/sessions.js'
import { standingsContract } from './contract/standings.js'
import { type Opened, promisesOf } from './contract/support.js'
import { usersContract } from './contract/users.js'

/** The guarantees of every store, in the order of `store.ts`. Each index of the log has its own part. */
const parts = [
  openingContract,
  usersContract,
  sessionsContract,
  roomsContract,
  standingsContract,
  membersContract,
  invitesContract,
  reactionsContract,
  directContract,
  mentionsContract,
  marksContract,
  logContract,
  readingContract,
  searchContract,
  retentionContract,
]

export function storeContract(name: string, open: () => Promise<Opened>) {
  for (const part of parts) part(promisesOf(name, open))
}
