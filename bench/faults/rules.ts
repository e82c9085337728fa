import { rightsActs } from '../../schemas/administration.js'
import type { EventType, StoredEvent } from '../../schemas/event.js'
import { ADMINISTRATOR, type Room } from './room.js'

interface Rule {
  /** Whether the event may follow the ones before it. */
  isLegal(room: Room, event: StoredEvent): boolean
  /** Changes the room as of the event's seq. */
  apply(room: Room, event: StoredEvent): void
}

const isAlive = (room: Room) => !room.deleted.last
const byMember = (room: Room, { username }: StoredEvent) => isAlive(room) && room.isMember(username)
const byOwner = (room: Room, { username }: StoredEvent) => isAlive(room) && room.owner.last === username
/** Every room of a run but the direct conversations is public, so the administrator counts as its moderator. */
const byAdministrator = (room: Room, { username, data }: StoredEvent) =>
  isAlive(room) && !room.isDirect && data?.as_admin === true && username === ADMINISTRATOR
/** The administrator makes itself the owner; that the owner is blocked then is in no log of the room. */
const takesOver = (room: Room, event: StoredEvent) => byAdministrator(room, event) && event.member === event.username
/** In the audit log. */
const administers = (room: Room, { username }: StoredEvent) => {
  const { is_admin, blocked } = room.rightsOf(username).last
  return is_admin && !blocked
}
/** Moderators act on members, the owner on everyone else. */
const moderatesMember = (room: Room, { username, member = '' }: StoredEvent) =>
  isAlive(room) &&
  room.moderates(username) &&
  member !== username &&
  room.owner.last !== member &&
  (room.owner.last === username || !room.moderates(member))
function leaves(room: Room, { seq, member = '' }: StoredEvent) {
  room.memberOf(member).set(seq, false)
  room.moderatorOf(member).set(seq, false)
}
/** Whether an event says of its text what the text mentions. */
function saysMentions(room: Room, { seq, text = '', data }: StoredEvent): boolean {
  const wanted = room.mentionedIn(text, seq - 1)
  const said = [...(data?.mentions ?? []), ...(data?.mentions_all ? ['all'] : [])]
  return wanted.length === said.length && wanted.every(name => said.includes(name))
}
const ofOwnMessage = (room: Room, event: StoredEvent) =>
  byMember(room, event) &&
  room.messages.get(event.target ?? 0)?.author === event.username &&
  room.textOf(event.target ?? 0) !== null

/** The messages of a deleted account are deleted after its memberships have ended. */
const ofDeletedAccount = (room: Room, { username, target = 0, data }: StoredEvent) =>
  isAlive(room) &&
  data?.account_deleted === true &&
  !room.isMember(username) &&
  room.messages.get(target)?.author === username &&
  room.textOf(target) !== null

/** Every event type. */
export const rules: Partial<Record<EventType, Rule>> = {
  created: {
    isLegal: (_, { seq }) => seq === 1,
    apply(room, { username, seq, data }) {
      for (const member of data?.members ?? []) room.memberOf(member).set(seq, true)
      room.isDirect = data?.members !== undefined
      if (room.isDirect) return
      room.owner.set(seq, username)
      if (username !== '') room.memberOf(username).set(seq, true)
    },
  },
  message: {
    isLegal: (room, event) =>
      byMember(room, event) &&
      room.blocking.last.length === 0 &&
      !room.muteOf(event.username).last &&
      saysMentions(room, event) &&
      (event.reply_to === undefined || room.messages.has(event.reply_to)),
    apply(room, { seq, username, text = '' }) {
      const timeline = room.textTimeline()
      timeline.set(seq, text)
      room.messages.set(seq, { author: username, text: timeline, mentions: room.mentionedIn(text, seq - 1) })
    },
  },
  edited: {
    isLegal: (room, event) =>
      ofOwnMessage(room, event) &&
      room.blocking.last.length === 0 &&
      !room.muteOf(event.username).last &&
      saysMentions(room, event),
    apply(room, { seq, target = 0, text = '' }) {
      const message = room.messages.get(target)
      if (!message) return
      message.text.set(seq, text)
      const still = room.mentionedIn(text, seq - 1)
      const isFor = (name: string) => still.includes(name) || still.includes('all')
      message.mentions = message.mentions.filter(isFor)
    },
  },
  deleted: {
    isLegal: (room, event) =>
      ofOwnMessage(room, event) ||
      ofDeletedAccount(room, event) ||
      (byAdministrator(room, event) && room.textOf(event.target ?? 0) !== null) ||
      (byMember(room, event) && room.moderates(event.username) && room.textOf(event.target ?? 0) !== null),
    apply: (room, { seq, target = 0 }) => room.messages.get(target)?.text.set(seq, null),
  },
  reacted: {
    isLegal(room, event) {
      const { message_id: id = 0, emoji = '', on, count } = event.data ?? {}
      const { count: before = 0 } = room.reactions(id).find(one => one.emoji === emoji) ?? {}
      return (
        byMember(room, event) &&
        room.blocking.last.length === 0 &&
        !room.muteOf(event.username).last &&
        room.textOf(id) !== null &&
        room.reactionOf(id, emoji, event.username).last !== on &&
        count === before + (on ? 1 : -1)
      )
    },
    apply(room, { seq, username, data: { message_id: id = 0, emoji = '', on = false } = {} }) {
      room.reactionOf(id, emoji, username).set(seq, on)
    },
  },
  joined: {
    isLegal: (room, { member = '', data }) =>
      isAlive(room) &&
      !room.isMember(member) &&
      !room.banOf(member).last &&
      (data?.invite === undefined || room.usesLeft(data.invite).last > 0),
    apply(room, { seq, member = '', data }) {
      room.memberOf(member).set(seq, true)
      if (data?.invite === undefined) return
      const left = room.usesLeft(data.invite)
      left.set(seq, left.last - 1)
    },
  },
  left: {
    isLegal: (room, event) =>
      byMember(room, event) && event.member === event.username && room.owner.last !== event.username,
    apply: leaves,
  },
  removed: {
    isLegal: (room, event) => moderatesMember(room, event) && room.isMember(event.member ?? ''),
    apply: leaves,
  },
  room_changed: {
    isLegal: (room, event) =>
      // An event without an author ends a claim of a name.
      (event.username === '' && event.member === undefined && event.data === undefined) ||
      ((byOwner(room, event) || takesOver(room, event)) && (event.member === undefined || room.isMember(event.member))),
    apply(room, { seq, member, data }) {
      if (data) room.settings.set(seq, { ...room.settings.last, ...data })
      if (member === undefined) return
      room.owner.set(seq, member)
      room.moderatorOf(member).set(seq, false)
    },
  },
  role_changed: {
    isLegal: (room, event) =>
      room.isMember(event.member ?? '') &&
      (byOwner(room, event) || (event.member === event.username && event.data?.role === 'member')),
    apply: (room, { seq, member = '', data }) => room.moderatorOf(member).set(seq, data?.role === 'moderator'),
  },
  banned: {
    isLegal: (room, event) =>
      moderatesMember(room, event) && room.isMember(event.member ?? '') === (event.data?.was_member ?? false),
    apply(room, event) {
      leaves(room, event)
      room.banOf(event.member ?? '').set(event.seq, true)
    },
  },
  unbanned: {
    isLegal: (room, event) => moderatesMember(room, event) && room.banOf(event.member ?? '').last,
    apply: (room, { seq, member = '' }) => room.banOf(member).set(seq, false),
  },
  muted: {
    isLegal: moderatesMember,
    apply: (room, { seq, member = '' }) => room.muteOf(member).set(seq, true),
  },
  unmuted: {
    isLegal: (room, event) => moderatesMember(room, event) && room.muteOf(event.member ?? '').last,
    apply: (room, { seq, member = '' }) => room.muteOf(member).set(seq, false),
  },
  invited: {
    isLegal: (room, { username }) => isAlive(room) && room.moderates(username),
    apply: (room, { seq, data }) => room.usesLeft(seq).set(seq, data?.max_uses ?? Number.POSITIVE_INFINITY),
  },
  invite_revoked: {
    isLegal: (room, { username, data }) =>
      isAlive(room) && room.moderates(username) && room.usesLeft(data?.invite ?? 0).last > 0,
    apply: (room, { seq, data }) => room.usesLeft(data?.invite ?? 0).set(seq, 0),
  },
  blocked: {
    isLegal: (room, event) =>
      byMember(room, event) && room.isMember(event.member ?? '') && !room.blocking.last.includes(event.username),
    apply: (room, { seq, username }) => room.blocking.set(seq, [...room.blocking.last, username]),
  },
  unblocked: {
    isLegal: (room, event) => byMember(room, event) && room.blocking.last.includes(event.username),
    apply: (room, { seq, username }) =>
      room.blocking.set(
        seq,
        room.blocking.last.filter(name => name !== username),
      ),
  },
  emptied: {
    isLegal(room, { seq, username, data }) {
      const kept = [...room.messages.keys()].filter(id => id > (data?.upto ?? seq)).length
      const { retention_count = 0 } = room.settings.last
      return isAlive(room) && username === '' && retention_count > 0 && kept >= retention_count && kept > 0
    },
    apply(room, { seq, data }) {
      room.emptied.set(seq, data?.upto ?? 0)
      for (const [id, { text }] of room.messages) if (id <= (data?.upto ?? 0) && text.last !== null) text.set(seq, null)
    },
  },
  room_deleted: {
    isLegal: (room, event) => byOwner(room, event) || (isAlive(room) && event.username === ADMINISTRATOR),
    apply: (room, { seq }) => room.deleted.set(seq, true),
  },
  account_administered: {
    // On themselves administrators can only delete their account.
    isLegal: (room, event) =>
      administers(room, event) && (event.username !== event.member || event.data?.act === 'account_deleted'),
    apply(room, { seq, member = '', data }) {
      const rights = room.rightsOf(member)
      rights.set(seq, { ...rights.last, ...rightsActs[data?.act as keyof typeof rightsActs] })
    },
  },
  administered: {
    isLegal: administers,
    apply() {},
  },
}
