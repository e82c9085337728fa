/** What server, page, client, documents and tests must agree on. Imports nothing, so that it loads in a browser. */

/** The WebSocket subprotocol. A browser also offers `bearer.<token>`, which the server never selects. */
export const SUBPROTOCOL = 'talkie.v1'
export const BEARER_PREFIX = 'bearer.'

/**
 * Close codes and what the client does next: `reconnect` (with backoff, or after the delay in the close reason), `login`
 * (get a new token first) or `stop`.
 */
export const closeCodes = {
  going_away: { code: 1001, next: 'reconnect', meaning: 'the peer is going away' },
  not_utf8: { code: 1007, next: 'reconnect', meaning: 'a text frame was not valid UTF-8' },
  too_big: { code: 1009, next: 'reconnect', meaning: 'a frame exceeded 64 KiB' },
  restarting: {
    code: 1012,
    next: 'reconnect',
    meaning: 'the server is restarting; the close reason contains retry_after_ms',
  },
  malformed: { code: 4400, next: 'stop', meaning: 'too many malformed frames, or an invalid query in the URL' },
  unauthorized: { code: 4401, next: 'login', meaning: 'the token is invalid, revoked or expired' },
  not_member: { code: 4403, next: 'stop', meaning: 'the user is not, or no longer, a member of the room' },
  room_gone: { code: 4404, next: 'stop', meaning: 'the room does not exist, is private or was deleted' },
  too_slow: {
    code: 4408,
    next: 'reconnect',
    meaning: 'the client reads too slowly; resume from the last seq, nothing is lost',
  },
  too_many: {
    code: 4429,
    next: 'reconnect',
    meaning: 'too many connections, or far too many frames, from this user or address',
  },
} as const satisfies Record<string, { code: number; next: 'reconnect' | 'login' | 'stop'; meaning: string }>

export type CloseReason = keyof typeof closeCodes

export const limits = {
  /** Code points of a message's text. */
  TEXT_MAX: 2000,
  /** Code points of a text that a room's `last_message` contains. */
  LAST_TEXT_MAX: 200,
  /** Bytes of a WebSocket frame or a JSON body. */
  FRAME_BYTES_MAX: 64 * 1024,
  ROOM_NAME_MAX: 50,
  ROOM_DESCRIPTION_MAX: 200,
  ROOM_MEMBERS_MAX: 1000,
  /** Seconds between two messages of a member in slow mode: six hours. */
  SLOW_MODE_MAX_S: 21_600,
  /** The longest time for which a room keeps messages before it erases them, hours: ten years. */
  RETENTION_H_MAX: 87_600,
  /** The largest number of messages after which a room erases older ones. */
  RETENTION_COUNT_MAX: 100_000,
  /** Code points of the reason for a ban or a mute. */
  REASON_MAX: 200,
  /** Invitations of a room that can be used at the same time. */
  INVITES_MAX: 100,
  INVITE_USES_MAX: 10_000,
  /** Seconds until an invitation expires: ten years. */
  INVITE_MAX_S: 315_360_000,
  /** Users that the list of invitations names for each. */
  INVITE_NAMES_MAX: 20,
  /** Members of a room in which everybody sees how many have read a message. */
  READS_MAX: 100,
  /** People in a direct conversation. */
  DIRECT_MAX: 10,
  /** Members whom one message mentions. */
  MENTIONS_MAX: 50,
  /** Members of a room beyond which only moderators mention all of them. */
  MENTION_ALL_MAX: 100,
  /** Users whom one user blocks. */
  BLOCKS_MAX: 500,
  DISPLAY_NAME_MAX: 50,
  BIO_MAX: 200,
  PASSWORD_MIN: 8,
  /** Bytes of UTF-8 after NFC normalization; bcrypt ignores the rest. */
  PASSWORD_BYTES_MAX: 72,
  /** Edits of one message. */
  EDITS_MAX: 100,
  /** Different emoji with which users react to one message. */
  REACTIONS_MAX: 20,
  /** Changes that one user makes to the reactions to one message; beyond, only taking reactions back is possible. */
  REACTION_CHANGES_MAX: 100,
  /** Users that a message names for each emoji. */
  REACTION_NAMES_MAX: 10,
  PAGE_MAX: 100,
  PAGE_DEFAULT: 50,
  /** Bytes of a page of messages as JSON; what does not fit is on the next page. */
  PAGE_BYTES_MAX: 256 * 1024,
  /** Events that a resume replays; a client that missed more gets `reset`. */
  REPLAY_MAX: 1000,
  /** Events, reactions included, that a resume looks at if it sends reactions as final states. */
  REPLAY_REACTIONS_MAX: 20_000,
  /** Unread messages are counted up to this number. */
  UNREAD_MAX: 1000,
  /** Usernames in `welcome`; if more users are online, presence frames carry only the count. */
  ONLINE_NAMES_MAX: 100,
  /** Subscriptions of one socket on `/ws`. */
  ROOMS_PER_SOCKET_MAX: 100,
  /** A typing indicator expires after this. */
  TYPING_MS: 6000,
  /** Grace period before a user without sockets (during a reload of the page) is reported offline. */
  OFFLINE_AFTER_MS: 3000,
} as const

/** Of a room's record: it keeps all messages, and always did. */
export const KEEPS_ALL = { retention_h: 0, retention_count: 0, emptied_seq: 0 } as const

/** Who can create an account. */
export const registrationModes = ['open', 'invite', 'closed'] as const
export type RegistrationMode = (typeof registrationModes)[number]

export const USERNAME_PATTERN = '^[A-Za-z0-9_-]{3,30}$'
export const CLIENT_ID_PATTERN = '^[A-Za-z0-9._:-]{1,64}$'
/** White space and what shows nothing: control, format and filler characters, variation selectors, the empty Braille pattern. */
const BLANK = '\\s\\p{Z}\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\u2800'
/** At least one character that shows something; no U+0000, no lone surrogate. */
export const TEXT_PATTERN = `^[^\\u0000\\ud800-\\udfff]*[^${BLANK}][^\\u0000\\ud800-\\udfff]*$`

const EMOJI = '\\p{Extended_Pictographic}'
/** Scripts whose letters change their form beside a joiner: Arabic and Syriac, and those of India and Sri Lanka. */
const JOINED = '\\u0600-\\u06ff\\u0700-\\u077f\\u0860-\\u08ff\\u0900-\\u0dff\\ufb50-\\ufdff\\ufe70-\\ufefc'
/** One letter or mark of them. Exported for the documents, whose readers know no properties of characters. */
export const JOINED_LETTER = `(?=[\\p{L}\\p{M}])[${JOINED}]`
/** The invisible characters that stand for letters in the flags of parts of a country. */
const tags = (letters: string) => [...letters].map(letter => `\\u{e00${letter.charCodeAt(0).toString(16)}}`).join('')
/**
 * Invisible characters where they change what others look like. Without ranges of astral characters, which tools refuse
 * that read patterns without the flag `u`.
 */
const SHAPING = [
  // Emoji of several, as 👩‍💻: a joiner between two.
  `(?<=[${EMOJI}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=${EMOJI})`,
  // An emoji in color or as text, and the digit of a keycap.
  `(?<=${EMOJI})[\\ufe0e\\ufe0f]`,
  '(?<=[0-9#*])\\ufe0f(?=\\u20e3)',
  // The flags of England, Scotland and Wales.
  `(?<=\\u{1f3f4})\\u{e0067}\\u{e0062}(?:${['eng', 'sct', 'wls'].map(tags).join('|')})\\u{e007f}`,
  // Joiners within words, and after a virama also at their end (Malayalam).
  `(?<=${JOINED_LETTER})[\\u200c\\u200d](?=${JOINED_LETTER})`,
  '(?<=\\u0d4d)\\u200d',
  // Forms of Han and Mongolian letters.
  '(?<=\\p{Script=Han})(?![\\u180b-\\u180f\\ufe03-\\ufe0f])\\p{Variation_Selector}',
  '(?<=\\p{Script=Mongolian})[\\u180b-\\u180f]',
]

/** A name without invisible characters, bidirectional controls, and leading or trailing white space. */
export const NAME_PATTERN = `^(?=\\S)(?:[^\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\u2800]|${SHAPING.join('|')})*(?<=\\S)$`

/** Up to `limits.PAGE_MAX` seqs, separated by commas. */
export const IDS_PATTERN = `^[1-9]\\d{0,14}(?:,[1-9]\\d{0,14}){0,${limits.PAGE_MAX - 1}}$`

/** Every user is a member of the room with this id. */
export const DEFAULT_ROOM_ID = 'default'

/** Twelve hues of one lightness, on each of which white letters have enough contrast. */
export const AVATAR_COLORS = [
  ...['#b94339', '#a75423', '#8f6213', '#676f22', '#307944', '#217969'],
  ...['#04778b', '#1b72a8', '#3f63bb', '#6f58b7', '#954c99', '#b2436c'],
] as const

/** A text, cut to the length for a room's `last_message`. */
export function lastText(text: string): string {
  if (text.length <= limits.LAST_TEXT_MAX) return text
  // A code point has at most two UTF-16 units, so the first cut cannot split one that stays.
  return [...text.slice(0, 2 * limits.LAST_TEXT_MAX)].slice(0, limits.LAST_TEXT_MAX).join('')
}
