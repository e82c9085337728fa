import type { CloseReason } from './wire.js'

/** What a text mentions. */
const mentioned = {
  'mentions?': 'mentions',
  'mentions_all?': 'mentions_all',
  'mentions_here?': 'mentions_here',
} as const

/**
 * Every event type with all that servers, stores, the socket protocol and its document need to know about it. Stored
 * shape (`event.ts`), frames (`frame.ts`), their encoding and the AsyncAPI document are derived from this table.
 *
 * It imports types only, so the page and the embedded store's worker thread load it at no cost.
 */
export const eventTypes = {
  message: {
    summary: 'A new message; its `id` is its `seq`',
    frame: {
      id: 'seq',
      text: 'text',
      'reply_to?': 'reply_to',
      'announcement?': 'announcement',
      ...mentioned,
    },
  },
  edited: {
    summary: 'The text of message `id` is now `text`',
    frame: { id: 'target', text: 'text', ...mentioned },
  },
  deleted: {
    summary: 'Message `id` was deleted, by its author or by a moderator',
    frame: { id: 'target' },
    server_only: ['as_admin', 'member', 'account_deleted'],
    moderates: true,
  },
  reacted: {
    summary:
      '`username` reacts to message `id` with `emoji`, or no longer if `on` is false; then `count` users do in total',
    frame: { id: 'message_id', emoji: 'emoji', on: 'on', count: 'count' },
    server_only: ['changes'],
  },
  joined: {
    summary: '`member` joined, by the invitation `invite` if it is given, or was added by `username`',
    frame: { member: 'member', 'invite?': 'invite' },
    server_only: ['claim'],
    decides: true,
    noted: true,
  },
  left: {
    summary: '`member` left, or deleted their account',
    frame: { member: 'member', 'account_deleted?': 'account_deleted' },
    server_only: ['was_member', 'refuses_adding'],
    decides: true,
    ends: { whose: 'member', reason: 'not_member' },
    noted: true,
  },
  removed: {
    summary: '`member` was removed by `username`',
    frame: { member: 'member' },
    decides: true,
    ends: { whose: 'member', reason: 'not_member' },
    moderates: true,
    noted: true,
    server_only: ['as_admin'],
  },
  created: {
    summary: 'The room was created: the first event of its log',
    frame: {},
    server_only: ['name', 'description', 'is_public', 'max_members', 'password_hash', 'members'],
    decides: true,
  },
  room_changed: {
    summary: 'Settings of the room changed, or it has a new owner; only what changed is given',
    frame: {
      'owner?': 'member',
      'name?': 'name',
      'description?': 'description',
      'is_public?': 'is_public',
      'max_members?': 'max_members',
      'has_password?': 'has_password',
      'slow_mode_s?': 'slow_mode_s',
      'preview?': 'preview',
      'read_counts?': 'read_counts',
      'retention_h?': 'retention_h',
      'retention_count?': 'retention_count',
    },
    server_only: ['as_admin', 'password_hash'],
    decides: true,
    moderates: true,
    noted: true,
  },
  role_changed: {
    summary: '`member` has a new role, given by `username`',
    frame: { member: 'member', role: 'role' },
    decides: true,
    moderates: true,
    noted: true,
    server_only: ['as_admin'],
  },
  banned: {
    summary: '`member` was banned by `username`, until a time or for good; this also ends a membership',
    frame: { member: 'member', 'until?': 'until' },
    server_only: ['as_admin', 'reason', 'was_member'],
    decides: true,
    ends: { whose: 'member', reason: 'not_member' },
    moderates: true,
    noted: true,
  },
  unbanned: {
    summary: 'The ban of `member` was lifted by `username`',
    frame: { member: 'member' },
    decides: true,
    moderates: true,
    server_only: ['as_admin'],
  },
  muted: {
    summary: '`member` was muted by `username`, until a time or for good',
    frame: { member: 'member', 'until?': 'until' },
    server_only: ['as_admin', 'reason'],
    decides: true,
    moderates: true,
  },
  unmuted: {
    summary: '`member` was unmuted by `username`',
    frame: { member: 'member' },
    decides: true,
    moderates: true,
    server_only: ['as_admin'],
  },
  invited: {
    summary: '`username` made an invitation; its id is the `seq`',
    frame: { 'expires_at?': 'expires_at', 'max_uses?': 'max_uses' },
    server_only: ['as_admin', 'code_hash'],
    decides: true,
    moderates: true,
  },
  invite_revoked: {
    summary: '`username` revoked the invitation `invite`',
    frame: { invite: 'invite' },
    decides: true,
    moderates: true,
    server_only: ['as_admin'],
  },
  /** By nobody: the account does not exist yet. */
  invite_claimed: {
    summary: 'A use of the invitation `invite` is kept for a user who is signing up; `username` is empty',
    frame: { invite: 'invite' },
    server_only: ['claim', 'expires_at'],
    decides: true,
  },
  blocked: {
    summary: '`username` blocked `member`, so neither can write to their conversation of two',
    frame: { member: 'member' },
    decides: true,
  },
  unblocked: {
    summary: '`username` unblocked `member`',
    frame: { member: 'member' },
    decides: true,
  },
  emptied: {
    summary: 'All messages up to `upto` were erased because of their age or number; drop them',
    frame: { upto: 'upto' },
    decides: true,
  },
  room_deleted: {
    summary: 'The room was deleted: the last event of its log',
    frame: {},
    decides: true,
    ends: { whose: 'everyone', reason: 'room_gone' },
  },
  /** Only in the `_system` log: `username`'s account is about to change in a way that ends sessions. */
  account_changing: {
    frame: null,
  },
  /** Only in the `_audit` log: an administrator changed what `member` may do. */
  account_administered: {
    frame: null,
    server_only: ['act', 'address'],
  },
  /** Only in the `_audit` log: anything else that an administrator did. */
  administered: {
    frame: null,
    server_only: ['act', 'address', 'about_room', 'name'],
  },
  /** Only in the `_system` log. */
  session_ended: {
    frame: null,
    server_only: ['session_id', 'expires_at'],
  },
} as const satisfies Record<string, EventFacts>

export interface EventFacts<Field = string> {
  /** What a client learns from it; for every type that has a frame. */
  readonly summary?: string
  /**
   * The frame's properties besides those that all events have, each with the stored field that it shows. The name of an
   * optional property ends with `?`. Null if no client ever sees the event.
   */
  readonly frame: Readonly<Record<string, Field>> | null
  /** Fields that are stored and never sent. */
  readonly server_only?: readonly Field[]
  /** It changes what users may do, so a writer has to know it before it accepts the next event. */
  readonly decides?: true
  /** The conversation shows it as a quiet line, and pages of history hold it. */
  readonly noted?: true
  /** It is in the room's moderation log; of `deleted` only those by moderators. */
  readonly moderates?: true
  /**
   * It ends the membership of the user that its frame names as `member`, or everyone's. Their sockets get `reason`.
   */
  readonly ends?: { readonly whose: 'member' | 'everyone'; readonly reason: CloseReason }
}

export type EventType = keyof typeof eventTypes

/** What is known of a type; undefined for the types of a newer server. */
export const factsOf: (type: string) => EventFacts | undefined = type =>
  Object.hasOwn(eventTypes, type) ? eventTypes[type as EventType] : undefined

const typesWith = (fact: keyof EventFacts) =>
  (Object.keys(eventTypes) as EventType[]).filter(type => factsOf(type)?.[fact])

/** Types that change what users may do. */
export const membershipTypes: ReadonlySet<EventType> = new Set(typesWith('decides'))

/** Types that the conversation shows as quiet lines. */
export const noteTypes: readonly EventType[] = typesWith('noted')

/** Types that a room's moderation log shows. */
export const moderationTypes: readonly EventType[] = typesWith('moderates')
