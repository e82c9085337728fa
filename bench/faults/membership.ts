import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { anyRoom, asOwner, outsideOf } from './choices.js'
import type { Operation } from './operation.js'

/** Rooms, their members and invitations. */
export const membership = {
  join: {
    weight: 5,
    choose({ world, random, username }) {
      const room = random.pick(outsideOf(world, username))
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http }, { room_id }) {
      await http.join(room_id)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.entered(room_id, username),
    holds: (room, seq, username) => room.isMember(username, seq),
  },
  leave: {
    weight: 2,
    choose(client) {
      const args = anyRoom(client)
      const { owner, direct } = client.world.room(args?.room_id ?? '') ?? {}
      return args && args.room_id !== DEFAULT_ROOM_ID && !direct && owner !== client.username ? args : null
    },
    async ask({ http }, { room_id }) {
      await http.leave(room_id)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.room(room_id)?.members.delete(username),
    holds: (room, seq, username) => !room.isMember(username, seq),
  },
  add: {
    weight: 4,
    choose: client => asOwner(client, false),
    async ask({ http }, { room_id, member = '' }) {
      await http.addMember(room_id, member)
      return {}
    },
    learn: ({ world }, { room_id, member = '' }) => world.entered(room_id, member),
    holds: (room, seq, _, { member = '' }) => room.isMember(member, seq),
  },
  remove: {
    weight: 4,
    choose: client => asOwner(client, true),
    async ask({ http }, { room_id, member = '' }) {
      await http.removeMember(room_id, member)
      return {}
    },
    learn: ({ world }, { room_id, member = '' }) => world.room(room_id)?.members.delete(member),
    holds: (room, seq, _, { member = '' }) => !room.isMember(member, seq),
  },
  invite: {
    weight: 3,
    choose({ world, random, username }) {
      const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted))
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http, random, world }, args) {
      const made = await http.createInvite(args.room_id, { max_uses: 1 + random.int(3) })
      world.room(args.room_id)?.invites.push(made)
      args.id = made.id
      return {}
    },
    holds: (room, seq, _, { id = 0 }) => room.usesLeft(id).at(seq) > 0,
  },
  'join by invitation': {
    weight: 8,
    choose({ world, random, username }) {
      const room = random.pick(outsideOf(world, username))
      const invite = random.pick(room?.invites ?? [])
      return room && invite ? { room_id: room.room_id, id: invite.id, code: invite.code } : null
    },
    async ask({ http }, { code = '' }) {
      await http.joinByInvite(code)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.entered(room_id, username),
    holds: (room, seq, username) => room.isMember(username, seq),
  },
  'revoke an invitation': {
    weight: 1,
    choose({ world, random, username }) {
      const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted))
      const invite = random.pick(room?.invites ?? [])
      return room && invite ? { room_id: room.room_id, id: invite.id } : null
    },
    async ask({ http }, { room_id, id = 0 }) {
      await http.revokeInvite(room_id, id)
      return {}
    },
    holds: (room, seq, _, { id = 0 }) => room.usesLeft(id).at(seq) === 0,
  },
  'hand over': {
    weight: 2,
    choose: client => asOwner(client, true),
    async ask({ http }, { room_id, member = '' }) {
      await http.handOver(room_id, member)
      return {}
    },
    learn({ world }, { room_id, member = '' }) {
      const room = world.room(room_id)
      if (room) room.owner = member
    },
    holds: (room, seq, _, { member = '' }) => room.owner.at(seq) === member,
  },
  create: {
    weight: 2,
    choose: ({ world }) =>
      world.rooms.filter(({ deleted, direct, guest }) => !deleted && !direct && !guest).length <= 4
        ? { room_id: '', text: `Room ${++world.tokens}` }
        : null,
    async ask({ http }, args) {
      const { id } = await http.createRoom({ name: args.text as string })
      args.room_id = id
      return { seq: 1 }
    },
    learn: ({ world, username }, { room_id }) => world.created(room_id, username),
  },
  'delete room': {
    weight: 1,
    choose({ world, random, username }) {
      const alive = world.rooms.filter(({ deleted, direct, guest }) => !deleted && !direct && !guest)
      const room = alive.length > 3 ? random.pick(alive.filter(({ owner }) => owner === username)) : undefined
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http }, { room_id }) {
      await http.deleteRoom(room_id)
      return {}
    },
    learn({ world }, { room_id }) {
      const room = world.room(room_id)
      if (room) room.deleted = true
    },
    holds: (room, seq) => room.deleted.at(seq),
  },
} satisfies Record<string, Operation>
