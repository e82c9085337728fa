import createError from '@fastify/error'
import { type Static, Type } from '@sinclair/typebox'

/** Every error that the server returns: over HTTP with its status, over a socket in an `error` frame. */
export const errors = {
  BadRequest: createError('BAD_REQUEST', '%s', 400),
  /** The third one closes the socket. */
  MalformedFrame: createError('MALFORMED_FRAME', 'A frame must be text with one JSON object that has a type', 400),
  BadFrame: createError('BAD_FRAME', '%s', 400),
  ClientIdReused: createError('CLIENT_ID_REUSED', 'The client_id %s was already used for a different request', 409),
  MessageNotFound: createError('MESSAGE_NOT_FOUND', 'Message %s not found in this room', 404),
  MessageDeleted: createError('MESSAGE_DELETED', 'Message %s has been deleted', 410),
  NotAuthor: createError('NOT_AUTHOR', 'Only the author of message %s can do this', 403),
  TooManyEdits: createError('TOO_MANY_EDITS', 'Message %s has reached the limit of 100 edits', 409),
  TooManyMentions: createError('TOO_MANY_MENTIONS', 'A message can mention at most 50 members', 409),
  MentionAllRefused: createError(
    'MENTION_ALL_REFUSED',
    'Only moderators can mention everybody in a room of more than 100 members',
    403,
  ),
  EmojiInvalid: createError('EMOJI_INVALID', 'A reaction is one emoji, and %s is not', 400),
  TooManyReactions: createError('TOO_MANY_REACTIONS', 'Message %s has reached the limit of 20 different emoji', 409),
  /** Taking a reaction back is always possible. */
  TooManyReactionChanges: createError(
    'TOO_MANY_REACTION_CHANGES',
    'You have reached the limit of 100 changes of your reactions to message %s',
    409,
  ),
  /** No token, or one that is invalid, expired or belongs to an ended session. */
  Unauthorized: createError('UNAUTHORIZED', 'Authentication required', 401),
  /** The same for an unknown username and a wrong password. */
  LoginFailed: createError('LOGIN_FAILED', 'Incorrect username or password', 401),
  /** In a request of a valid session, so not 401. */
  PasswordWrong: createError('PASSWORD_WRONG', 'The current password is incorrect', 403),
  /** The same for one that is unknown, expired, replaced or used. */
  ResetCodeInvalid: createError('RESET_CODE_INVALID', 'This link is not valid, or has expired or been used', 404),
  SessionNotFound: createError('SESSION_NOT_FOUND', 'Session not found', 404),
  OriginRefused: createError('ORIGIN_REFUSED', 'Requests with a cookie must come from an allowed origin', 403),
  RegistrationClosed: createError('REGISTRATION_CLOSED', 'This server does not accept new accounts', 403),
  InvitationRequired: createError('INVITATION_REQUIRED', 'This server accepts new accounts by invitation only', 403),
  /** The same for one that is unknown, expired, used up or revoked. */
  InvitationInvalid: createError(
    'INVITATION_INVALID',
    'This invitation is not valid, or has expired, been used up or revoked',
    404,
  ),
  /** For moderators, who see the list. */
  InvitationNotFound: createError('INVITATION_NOT_FOUND', 'Invitation %s not found in this room', 404),
  TooManyInvitations: createError('TOO_MANY_INVITATIONS', 'Room %s has reached the limit of 100 invitations', 409),
  /** So that an administrator remains. */
  OwnRights: createError(
    'OWN_RIGHTS',
    'Administrators cannot change their own rights or block themselves; ask another administrator',
    409,
  ),
  LastAdministrator: createError(
    'LAST_ADMINISTRATOR',
    'The last administrator cannot delete the own account; make another user an administrator first',
    409,
  ),
  /** Also of a room with more than 100 members. */
  ReadCountsOff: createError('READ_COUNTS_OFF', 'Room %s does not show how many have read a message', 409),
  OwnerPresent: createError('OWNER_PRESENT', 'The owner of room %s is neither blocked nor deleted', 409),
  UsernameTaken: createError('USERNAME_TAKEN', 'The username %s is already taken', 409),
  PasswordTooLong: createError('PASSWORD_TOO_LONG', 'Password exceeds 72 bytes', 400),
  PasswordTooCommon: createError('PASSWORD_TOO_COMMON', 'Password is too easy to guess', 400),
  UsernameReserved: createError('USERNAME_RESERVED', 'The username %s is reserved', 400),
  UserNotFound: createError('USER_NOT_FOUND', 'User %s not found', 404),
  /** Also for a private room and a user who is not a member: its existence is not revealed. */
  RoomNotFound: createError('ROOM_NOT_FOUND', 'Room %s not found', 404),
  RoomNameTaken: createError('ROOM_NAME_TAKEN', 'The room name %s is already taken', 409),
  RoomFull: createError('ROOM_FULL', 'Room %s is full', 409),
  RoomPasswordWrong: createError('ROOM_PASSWORD_WRONG', 'Missing or incorrect password for room %s', 403),
  NotMember: createError('NOT_MEMBER', 'You are not a member of room %s', 403),
  NotModerator: createError('NOT_MODERATOR', 'Only a moderator of room %s who stands above the user can do this', 403),
  Banned: createError('BANNED', 'The user is banned from room %s', 403),
  /** Also if it has a password, which protects what was said. */
  PreviewOff: createError('PREVIEW_OFF', 'Room %s shows its messages to members only', 403),
  AddingRefused: createError('ADDING_REFUSED', '%s left this room and does not want to be added again', 403),
  Muted: createError('MUTED', 'You are muted in room %s', 403),
  /** The same whoever of the two blocks the other one. */
  Blocked: createError('BLOCKED', 'You and %s cannot write to each other, because one of you blocks the other', 403),
  Oneself: createError('ONESELF', 'This needs another user, not yourself', 409),
  DirectTooLarge: createError('DIRECT_TOO_LARGE', 'A direct conversation has at most 10 people, you included', 409),
  TooManyBlocks: createError('TOO_MANY_BLOCKS', 'You have reached the limit of 500 blocked users', 409),
  NotOwner: createError('NOT_OWNER', 'Only the owner of room %s can do this', 403),
  MemberNotFound: createError('MEMBER_NOT_FOUND', '%s is not a member of this room', 404),
  OwnerCannotLeave: createError(
    'OWNER_CANNOT_LEAVE',
    'The owner cannot leave the room; transfer ownership or delete the room instead',
    409,
  ),
  DefaultRoom: createError('DEFAULT_ROOM', 'This is not possible in the default room', 409),
  TooManyRooms: createError('TOO_MANY_SUBSCRIPTIONS', 'A socket can subscribe to at most 100 rooms', 409),
  NotSubscribed: createError('NOT_SUBSCRIBED', 'Not subscribed to room %s', 409),
  BodyTooLarge: createError('BODY_TOO_LARGE', 'Request body exceeds 64 KiB', 413),
  MediaTypeRefused: createError(
    'MEDIA_TYPE_REFUSED',
    'Request body must be JSON in UTF-8, uncompressed (application/json)',
    415,
  ),
  MethodNotAllowed: createError('METHOD_NOT_ALLOWED', 'Method %s is not allowed here', 405),
  RequestTimeout: createError('REQUEST_TIMEOUT', 'The request did not arrive in time', 408),
  HostRefused: createError('HOST_REFUSED', 'This server does not answer for this host name', 421),
  UpgradeRequired: createError('UPGRADE_REQUIRED', 'This URL is for WebSockets only', 426),
  HeadersTooLarge: createError('HEADERS_TOO_LARGE', 'The request headers are too large', 431),
  RateLimited: createError('RATE_LIMITED', 'Too many requests; try again in %s', 429),
  /** Also for an edit. Moderators are exempt. */
  SlowMode: createError('SLOW_MODE', 'Room %s is in slow mode; try again in %s', 429),
  LoginQueueFull: createError('LOGIN_QUEUE_FULL', 'Too many concurrent logins; retry shortly', 429),
  NotFound: createError('NOT_FOUND', 'Resource not found', 404),
  Internal: createError('INTERNAL', 'Internal server error', 500),
  /** Nothing was acknowledged; a retry with the same client_id is safe. */
  StoreUnavailable: createError('STORE_UNAVAILABLE', 'The database is temporarily unavailable; retry', 503),
} as const

/** RateLimited with its delay, for the Retry-After header or the `error` frame. */
export function rateLimited(retry_after_ms: number) {
  return Object.assign(new errors.RateLimited(inWords(retry_after_ms)), { retry_after_ms })
}

/** SlowMode with its delay, as `rateLimited`. */
export function slowMode(room_id: string, retry_after_ms: number) {
  return Object.assign(new errors.SlowMode(room_id, inWords(retry_after_ms)), { retry_after_ms })
}

/** Says when the ban or the mute behind an error ends, if it does; clients get it as `until`. */
export function until<E extends Error>(error: E, until: string | undefined): E & { until?: string } {
  return until === undefined ? error : Object.assign(error, { until })
}

/** A delay for people: rounded up, so that a retry then succeeds. */
function inWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  const minutes = Math.ceil(seconds / 60)
  const [count, unit] =
    seconds < 120 ? [seconds, 'second'] : minutes < 60 ? [minutes, 'minute'] : [Math.ceil(minutes / 60), 'hour']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

export const ErrorBody = Type.Object(
  {
    statusCode: Type.Integer({ examples: [404] }),
    code: Type.String({ description: 'Stable, machine-readable error code', examples: ['ROOM_NOT_FOUND'] }),
    error: Type.String({ description: 'Name of the HTTP status', examples: ['Not Found'] }),
    message: Type.String({ description: 'Human-readable explanation in one line', examples: ['Room lunch not found'] }),
    until: Type.Optional(
      Type.String({
        description: 'When a ban or a mute ends; absent if it does not, and for all other errors',
        examples: ['2026-02-01T09:30:00.000Z'],
      }),
    ),
  },
  { $id: 'Error', description: 'The body of every error response' },
)
export type ErrorBody = Static<typeof ErrorBody>

type ErrorName = keyof typeof errors

/** The response schemas of a route's errors by status, each naming its codes. */
export function errorAnswers(...names: ErrorName[]): object {
  const codes = new Map<number, Set<string>>()
  for (const name of names) {
    const { code, statusCode = 500 } = new errors[name]()
    codes.set(statusCode, (codes.get(statusCode) ?? new Set()).add(code))
  }
  return Object.fromEntries(
    [...codes].map(([status, set]) => [status, { $ref: 'Error#', description: [...set].join(', ') }]),
  )
}

/** The errors of a route that reads and requires authentication. @param names its other errors */
export function readErrors(...names: ErrorName[]): object {
  return errorAnswers('BadRequest', 'Unauthorized', 'RateLimited', 'Internal', 'StoreUnavailable', ...names)
}

/** The errors of a route that writes and requires authentication. @param names its other errors */
export function changeErrors(...names: ErrorName[]): object {
  return readErrors('OriginRefused', 'BodyTooLarge', 'MediaTypeRefused', ...names)
}

/** The errors of a route that only administrators find. @param names its other errors */
export function adminErrors(...names: ErrorName[]): object {
  return errorAnswers('BadRequest', 'NotFound', 'RateLimited', 'Internal', 'StoreUnavailable', ...names)
}

/** The errors of a route that writes and that only administrators find. @param names its other errors */
export function adminChangeErrors(...names: ErrorName[]): object {
  return adminErrors('OriginRefused', 'BodyTooLarge', 'MediaTypeRefused', ...names)
}
