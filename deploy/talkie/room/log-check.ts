import { directId } from '../../../plugins/store/index.js'
import { type EventType, membershipTypes, type StoredEvent } from '../../../schemas/event.js'
import { limits } from '../../../schemas/wire.js'
import { createReactionsCheck } from './reactions-check.js'

/** What a valid log contains. */
export interface LogSummary {
  created: StoredEvent
  /** The room's last name. */
  name: string
  events: number
  /** Every user that it names, by lower-case name. */
  usernames: Map<string, string>
  /** Members at its end, in lower case; empty for the default room, whose members are all users. */
  members: string[]
}

/** What may change a direct conversation, whose members are the same for good. */
const ofDirect: ReadonlySet<EventType> = new Set(['created', 'blocked', 'unblocked'])

interface Message {
  username: string
  edits: number
  isEmpty: boolean
  isDeleted: boolean
}

/** What any version of the server has stored: older ones also took texts that show nothing. */
const isText = /\S/
const STORABLE = '^[^\\u0000\\ud800-\\udfff]*$'
const isStorable = new RegExp(STORABLE, 'u')
const key = (username: string) => username.toLowerCase()

/**
 * Checks that events, added in order, form a log that a server could have written. Nothing else may be stored, because
 * everything derived from a log trusts it. Keeps about 100 bytes per event in memory.
 */
export function createLogCheck() {
  let created: StoredEvent | undefined
  let seq = 0
  const messages = new Map<number, Message>()
  const client_ids = new Set<string>()
  const usernames = new Map<string, string>()
  const members = new Set<string>()
  const moderators = new Set<string>()
  const banned = new Set<string>()
  const muted = new Set<string>()
  /** Invitations that can be used: how many uses are left. */
  const invites = new Map<number, number>()
  const blocking = new Set<string>()
  const reactions = createReactionsCheck()
  let owner = ''
  let name = ''
  /** Messages up to it may be empty. */
  let emptied = 0

  function demand(holds: boolean, sentence: string): asserts holds {
    if (!holds) throw new Error(sentence)
  }

  function checkText(text: string | undefined): boolean {
    demand(text !== undefined, 'the text is missing')
    demand(
      text === '' || ([...text].length <= limits.TEXT_MAX && isText.test(text) && isStorable.test(text)),
      'the text is not valid',
    )
    return text === ''
  }

  /** Members may have left since. */
  function checkMentions({ data }: StoredEvent) {
    const names = (data?.mentions ?? []).map(key)
    demand(new Set(names).size === names.length, 'a user is mentioned twice')
    for (const username of data?.mentions ?? []) usernames.set(key(username), username)
  }

  /** The message that an edit or a deletion refers to. */
  function targetOf(event: StoredEvent): Message {
    const message = messages.get(event.target ?? 0)
    demand(message !== undefined, 'the target is not an earlier message')
    demand(!message.isDeleted, 'the target is already deleted')
    return message
  }

  const isAuthor = ({ username }: Message, event: StoredEvent) => key(username) === key(event.username)
  const moderates = (username: string) => key(username) === owner || moderators.has(key(username))

  function memberOf({ member }: StoredEvent): string {
    demand(member !== undefined, 'the member is missing')
    usernames.set(key(member), member)
    return key(member)
  }

  const checks: Record<StoredEvent['type'], (event: StoredEvent) => void> = {
    created(event) {
      const { description, is_public, max_members, password_hash } = event.data ?? {}
      demand(event.seq === 1, 'only the first event can create the room')
      demand(
        ![event.data?.name, description, is_public, max_members, password_hash].includes(undefined),
        'room settings are missing',
      )
      created = event
      name = event.data?.name ?? ''
      const all = event.data?.members
      if (all) {
        for (const member of all) {
          usernames.set(key(member), member)
          members.add(key(member))
        }
        demand(members.size === all.length && all.length >= 2, 'the members of the conversation are not valid')
        demand(members.has(key(event.username)), 'the conversation was not started by a member')
        demand(event.room_id === directId(all), 'the id is not the one of a conversation of these members')
        return
      }
      owner = key(event.username)
      if (owner !== '') members.add(owner)
    },
    message(event) {
      const isEmpty = checkText(event.text)
      checkMentions(event)
      demand(event.reply_to === undefined || messages.has(event.reply_to), 'reply_to is not an earlier message')
      messages.set(event.seq, { username: event.username, edits: 0, isEmpty, isDeleted: false })
    },
    edited(event) {
      const message = targetOf(event)
      demand(isAuthor(message, event), 'the target belongs to another user')
      message.isEmpty ||= checkText(event.text)
      checkMentions(event)
      demand(++message.edits <= limits.EDITS_MAX, `the target has more than ${limits.EDITS_MAX} edits`)
    },
    deleted(event) {
      const message = targetOf(event)
      demand(
        isAuthor(message, event) || moderates(event.username) || event.data?.as_admin === true,
        'the target belongs to another user',
      )
      message.isDeleted = true
    },
    reacted({ username, data = {} }) {
      const { message_id = 0, emoji = '', on, count, changes } = data
      demand(messages.get(message_id)?.isDeleted === false, 'message_id is not an earlier message')
      demand(emoji !== '' && isStorable.test(emoji), 'the emoji is not valid')
      reactions.check(message_id, { user: key(username), emoji, on, count, changes })
    },
    joined(event) {
      const member = memberOf(event)
      demand(!members.has(member), 'the user is already a member')
      if (event.data?.invite !== undefined) use(event.data.invite)
      members.add(member)
      banned.delete(member)
    },
    left(event) {
      // Of the default room all users are members, also those that no event names.
      if (event.data?.was_member !== false) return leaves(event)
      demand(owner === '' && !members.has(memberOf(event)), 'was_member is not what the user was')
    },
    removed: leaves,
    banned(event) {
      const member = memberOf(event)
      demand(members.delete(member) === (event.data?.was_member ?? false), 'was_member is not what the user was')
      moderators.delete(member)
      banned.add(member)
    },
    unbanned(event) {
      demand(banned.delete(memberOf(event)), 'the user is not banned')
    },
    muted(event) {
      muted.add(memberOf(event))
    },
    unmuted(event) {
      demand(muted.delete(memberOf(event)), 'the user is not muted')
    },
    role_changed(event) {
      const member = memberOf(event)
      demand(members.has(member), 'the user is not a member')
      if (event.data?.role === 'moderator') moderators.add(member)
      else moderators.delete(member)
    },
    room_changed(event) {
      name = event.data?.name ?? name
      if (event.member === undefined) return
      owner = memberOf(event)
      demand(members.has(owner), 'the new owner is not a member')
      moderators.delete(owner)
    },
    invited({ seq, data }) {
      demand(data?.code_hash !== undefined, 'the hash of the code is missing')
      invites.set(seq, data.max_uses ?? Number.POSITIVE_INFINITY)
    },
    invite_revoked({ data }) {
      demand(invites.delete(data?.invite ?? 0), 'the invitation cannot be used')
    },
    invite_claimed({ data }) {
      demand(invites.has(data?.invite ?? 0), 'the invitation cannot be used')
      demand(data?.claim !== undefined && data.expires_at !== undefined, 'the claim is not complete')
    },
    blocked(event) {
      const member = memberOf(event)
      const by = key(event.username)
      demand(created?.data?.members?.length === 2, 'only in a conversation of two can a user block the other one')
      demand(member !== by && members.has(member) && members.has(by), 'the two are not the members')
      demand(!blocking.has(by), 'the user already blocks the other one')
      blocking.add(by)
    },
    unblocked(event) {
      memberOf(event)
      demand(blocking.delete(key(event.username)), 'the user does not block the other one')
    },
    emptied(event) {
      const { upto = 0 } = event.data ?? {}
      demand(upto > emptied && upto < event.seq, 'upto is not a later seq than that of the last such event')
      emptied = upto
    },
    room_deleted() {
      demand(false, 'the room is deleted')
    },
    account_administered() {
      demand(false, 'account_administered does not belong in a room')
    },
    administered() {
      demand(false, 'administered does not belong in a room')
    },
    account_changing() {
      demand(false, 'account_changing does not belong in a room')
    },
    session_ended() {
      demand(false, 'session_ended does not belong in a room')
    },
  }

  /** Counts a use; time does not matter, because clocks of servers differ. */
  function use(invite: number) {
    const left = invites.get(invite)
    demand(left !== undefined, 'the invitation cannot be used')
    if (left > 1) invites.set(invite, left - 1)
    else invites.delete(invite)
  }

  function leaves(event: StoredEvent) {
    const member = memberOf(event)
    demand(members.delete(member), 'the user is not a member')
    moderators.delete(member)
  }

  return {
    /** @throws Error, one sentence that says what is wrong */
    add(event: StoredEvent) {
      demand(event.seq === seq + 1, `seq is ${event.seq}, expected ${seq + 1}`)
      demand(event.type === 'created' || created !== undefined, 'the first event does not create the room')
      demand(event.room_id === (created?.room_id ?? event.room_id), 'room_id differs from the first event')
      demand(new Date(event.created_at).getTime() > 0, 'created_at is not a valid time')
      const client_id = `${key(event.username)} ${event.client_id}`
      demand(!client_ids.has(client_id), 'client_id is not unique')
      if (event.username !== '') usernames.set(key(event.username), event.username)
      const isAllowed = ofDirect.has(event.type) || event.data?.account_deleted === true
      const isOfMembers = membershipTypes.has(event.type) && !isAllowed
      demand(!isOfMembers || !created?.data?.members, `${event.type} does not belong in a direct conversation`)
      checks[event.type](event)
      client_ids.add(client_id)
      seq = event.seq
    },

    /** @throws Error, one sentence that says what is missing */
    end(): LogSummary {
      demand(created !== undefined, 'The log is empty')
      for (const [id, { isEmpty, isDeleted }] of messages) {
        demand(!isEmpty || isDeleted || id <= emptied, `Message ${id} has an empty text but is not deleted`)
      }
      return { created, name, events: seq, usernames, members: [...members] }
    },
  }
}
