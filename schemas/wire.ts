/**
 * What server, page, client, documents and tests must agree on. This file imports nothing, so it loads in a browser.
 */

/** The WebSocket subprotocol. A browser adds `bearer.<token>` as a second one, which is never answered. */
export const SUBPROTOCOL = 'talkie.v1'
export const BEARER_PREFIX = 'bearer.'

/**
 * Close codes and what the client does next: `reconnect` (with backoff, or after the delay that the reason names),
 * `login` (get another token first) or `stop`.
 */
export const closeCodes = {
  going_away: { code: 1001, next: 'reconnect', meaning: 'the other side goes away' },
  not_utf8: { code: 1007, next: 'reconnect', meaning: 'a text frame was not UTF-8' },
  too_big: { code: 1009, next: 'reconnect', meaning: 'a frame was over 64 KiB' },
  restarting: { code: 1012, next: 'reconnect', meaning: 'the server restarts; the reason holds retry_after_ms' },
  malformed: { code: 4400, next: 'stop', meaning: 'the third frame that was no JSON object with a type' },
  unauthorized: { code: 4401, next: 'login', meaning: 'the token is invalid, revoked or expired' },
  not_member: { code: 4403, next: 'stop', meaning: 'not a member of the room, or not any more' },
  room_gone: { code: 4404, next: 'stop', meaning: 'no such room, a private one seen from outside, or deleted' },
  too_slow: { code: 4408, next: 'reconnect', meaning: 'too much unsent; nothing is lost, resume from the last seq' },
  too_many: { code: 4429, next: 'reconnect', meaning: 'too many connections of this user or address' },
} as const satisfies Record<string, { code: number; next: 'reconnect' | 'login' | 'stop'; meaning: string }>

export type CloseReason = keyof typeof closeCodes

export const limits = {
  /** Code points of a message's text. */
  TEXT_MAX: 2000,
  /** Code points of it that a room's `last_message` holds. */
  LAST_TEXT_MAX: 200,
  /** Bytes of a WebSocket frame and of a JSON body. */
  FRAME_BYTES_MAX: 64 * 1024,
  ROOM_NAME_MAX: 50,
  ROOM_DESCRIPTION_MAX: 200,
  ROOM_MEMBERS_MAX: 1000,
  DISPLAY_NAME_MAX: 50,
  BIO_MAX: 200,
  PASSWORD_MIN: 8,
  /** Bytes of UTF-8 after NFC: what bcrypt reads. */
  PASSWORD_BYTES_MAX: 72,
  /** Edits of one message. */
  EDITS_MAX: 100,
  PAGE_MAX: 100,
  PAGE_DEFAULT: 50,
  /** Events that a resume replays; beyond, the client gets `reset`. */
  REPLAY_MAX: 1000,
  /** Unread messages are counted up to here. */
  UNREAD_MAX: 1000,
  /** Names in `welcome`; where more are online, presence frames carry the count only. */
  ONLINE_NAMES_MAX: 100,
  /** Rooms of one socket on `/ws`. */
  ROOMS_PER_SOCKET_MAX: 100,
  /** A typing sign ends by itself after this. */
  TYPING_MS: 6000,
  /** How long a user may be gone (a page's reload) without being told offline. */
  OFFLINE_AFTER_MS: 3000,
} as const

export const USERNAME_PATTERN = '^[A-Za-z0-9_-]{3,30}$'
export const CLIENT_ID_PATTERN = '^[A-Za-z0-9._:-]{1,64}$'
/** Holds something that is not white space, and neither U+0000 nor a lone surrogate. */
export const TEXT_PATTERN = '^(?=[^]*\\S)[^\\u0000\\ud800-\\udfff]*$'

/** A name that looks like what it is: nothing invisible, no control of direction, no white space at either end. */
export const NAME_PATTERN = '^(?=\\S)[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\u115f\\u1160\\u3164\\uffa0]*(?<=\\S)$'

/** Every user is a member of the room with this id. */
export const DEFAULT_ROOM_ID = 'default'

/** As much of a text as a room's `last_message` holds. */
export function lastText(text: string): string {
  // A code point has two units at most, so this half cuts none of those that stay.
  return [...text.slice(0, 2 * limits.LAST_TEXT_MAX)].slice(0, limits.LAST_TEXT_MAX).join('')
}
