import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Auth } from '../auth/index.js'
import type { Budgets } from '../budgets/index.js'
import type { Presence } from '../presence/index.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { assertMayTalk, memberView } from './access.js'
import { createRoomAdministration } from './administration.js'
import { createAdmit } from './admit.js'
import { createBlocks } from './blocks.js'
import { createDirect } from './direct.js'
import { createInvites } from './invites.js'
import { createList } from './list.js'
import { createMarks } from './marks.js'
import { createMembers } from './members.js'
import { createMembership } from './membership.js'
import { createModeration } from './moderation.js'
import { createModerationLog } from './moderation-log.js'
import { createOwnership } from './ownership.js'
import { createPaid } from './paid.js'
import { createReads } from './reads.js'

export {
  asAdmin,
  assertMayTalk,
  assertMember,
  assertVisible,
  hasPreview,
  moderates,
  type Person,
  personOf,
} from './access.js'
export { assertNotBanned } from './admit.js'
export { LOG_SCANNED_MAX } from './moderation-log.js'
export { assertPresent, emptiedIn } from './present.js'

declare module 'fastify' {
  interface FastifyInstance {
    rooms: Rooms
  }
}
export type Rooms = ReturnType<typeof createRooms>

/**
 * Rooms and their members. Every change is an event of the room's log, decided on the state just before it. Any method
 * may throw RoomNotFound, also for a private room of which the user is not a member.
 */
export function createRooms(store: Store, roomLog: RoomLog, auth: Auth, presence: Presence, budgets: Budgets) {
  const paid = createPaid(roomLog, auth, budgets)
  const lists = createList(store)
  const { get, list } = lists
  const { events, ...marks } = createMarks(store, roomLog)
  const admit = createAdmit(store, paid.roomLog, marks)
  const { hide, ensure, blocksBetween, ...direct } = createDirect(store, roomLog, marks, lists)
  return {
    get,
    list,
    events,
    markRead: marks.markRead,
    ...createRoomAdministration(paid.roomLog, marks),
    ...createMembers(store, roomLog, presence),
    ...createReads(store, roomLog),
    ...createMembership(store, paid, { admit, get, hide, blocksBetween }),
    ...createInvites(store, paid.roomLog, auth, admit, get),
    ...createModeration(store, paid.roomLog),
    ...createModerationLog(store, roomLog),
    ...createOwnership(store, paid, marks, get),
    ...direct,
    ...createBlocks(store, paid.roomLog, { ensure, directEvents: direct.directEvents }),
    /** @throws as `assertMayTalk` of `access.ts` */
    async assertMayTalk(room_id: string, username: string): Promise<void> {
      assertMayTalk(await roomLog.view(room_id, [username]), room_id, username)
    },
    /** The view of a room that `username` may read. @throws NotMember */
    assertMember: (room_id: string, username: string) => memberView(roomLog, room_id, username),
  }
}

async function rooms(fastify: FastifyInstance) {
  const { store, roomLog, auth, presence, budgets } = fastify
  const capability = createRooms(store, roomLog, auth, presence, budgets)
  await capability.ensureDefault()
  fastify.decorate('rooms', capability)
}

export default fp(rooms, { name: 'rooms', dependencies: ['store', 'room-log', 'auth', 'presence', 'budgets'] })
