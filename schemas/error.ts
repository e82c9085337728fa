import createError from '@fastify/error'
import { type Static, Type } from '@sinclair/typebox'

/** Every error that the server answers, over HTTP with its status, over a socket as an `error` frame with its code. */
export const errors = {
  BadRequest: createError('BAD_REQUEST', '%s', 400),
  /** The third one ends the socket. */
  MalformedFrame: createError('MALFORMED_FRAME', 'A frame is text: one JSON object with a type', 400),
  BadFrame: createError('BAD_FRAME', '%s', 400),
  ClientIdReused: createError('CLIENT_ID_REUSED', 'The client_id %s was used for another request', 409),
  MessageNotFound: createError('MESSAGE_NOT_FOUND', 'No message %s in this room', 404),
  MessageDeleted: createError('MESSAGE_DELETED', 'Message %s is deleted', 410),
  NotAuthor: createError('NOT_AUTHOR', 'Message %s is not yours', 403),
  TooManyEdits: createError('TOO_MANY_EDITS', 'Message %s was edited 100 times', 409),
  /** No token at all, or one that is invalid, expired or of an ended session. */
  Unauthorized: createError('UNAUTHORIZED', 'Log in first', 401),
  /** The same for an unknown user and a wrong password. */
  LoginFailed: createError('LOGIN_FAILED', 'Username or password is wrong', 401),
  OriginRefused: createError('ORIGIN_REFUSED', 'Requests with the cookie must come from a page of this server', 403),
  UsernameTaken: createError('USERNAME_TAKEN', 'The name %s is taken', 409),
  PasswordTooLong: createError('PASSWORD_TOO_LONG', 'A password has at most 72 bytes', 400),
  UserNotFound: createError('USER_NOT_FOUND', 'No user %s', 404),
  /** Also for a private room that one is not in: whether it exists is not told. */
  RoomNotFound: createError('ROOM_NOT_FOUND', 'No room %s', 404),
  RoomNameTaken: createError('ROOM_NAME_TAKEN', 'The room name %s is taken', 409),
  RoomFull: createError('ROOM_FULL', 'Room %s is full', 409),
  RoomPasswordWrong: createError('ROOM_PASSWORD_WRONG', 'The password of room %s is missing or wrong', 403),
  NotMember: createError('NOT_MEMBER', 'You are not a member of room %s', 403),
  NotOwner: createError('NOT_OWNER', 'Only the owner of room %s may do this', 403),
  MemberNotFound: createError('MEMBER_NOT_FOUND', '%s is not a member of this room', 404),
  OwnerCannotLeave: createError('OWNER_CANNOT_LEAVE', 'An owner hands the room over or deletes it', 409),
  DefaultRoom: createError('DEFAULT_ROOM', 'The default room keeps all its members and is never deleted', 409),
  TooManyRooms: createError('TOO_MANY_SUBSCRIPTIONS', 'A socket has at most 100 rooms', 409),
  NotSubscribed: createError('NOT_SUBSCRIBED', 'Subscribe to room %s first', 409),
  BodyTooLarge: createError('BODY_TOO_LARGE', 'The body is over 64 KiB', 413),
  MediaTypeRefused: createError('MEDIA_TYPE_REFUSED', 'Bodies are JSON: send Content-Type: application/json', 415),
  RateLimited: createError('RATE_LIMITED', 'Too many requests; try again in %s ms', 429),
  LoginQueueFull: createError('LOGIN_QUEUE_FULL', 'Too many logins at once; try again soon', 429),
  NotFound: createError('NOT_FOUND', 'Nothing is served here', 404),
  Internal: createError('INTERNAL', 'Something went wrong on the server', 500),
  /** Nothing was acknowledged; sending again with the same client_id is safe. */
  StoreUnavailable: createError('STORE_UNAVAILABLE', 'The store does not answer; try again', 503),
} as const

/** RateLimited, that also carries its delay: for the Retry-After header, for an `error` frame. */
export function rateLimited(retry_after_ms: number) {
  return Object.assign(new errors.RateLimited(retry_after_ms), { retry_after_ms })
}

export const ErrorBody = Type.Object(
  {
    statusCode: Type.Integer({ examples: [404] }),
    code: Type.String({ description: 'Stable and machine-readable', examples: ['ROOM_NOT_FOUND'] }),
    error: Type.String({ description: 'The name of the status', examples: ['Not Found'] }),
    message: Type.String({ description: 'One line for people', examples: ['No room lunch'] }),
  },
  { $id: 'Error', description: 'Every error that is answered over HTTP' },
)
export type ErrorBody = Static<typeof ErrorBody>

type ErrorName = keyof typeof errors

/** The response schemas of the errors that a route can answer, by status, each naming its codes. */
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

/** Those of a route that reads and needs a token. @param names what it can answer besides */
export function readErrors(...names: ErrorName[]): object {
  return errorAnswers('BadRequest', 'Unauthorized', 'RateLimited', 'Internal', 'StoreUnavailable', ...names)
}

/** Those of a route that changes something and needs a token. @param names what it can answer besides */
export function changeErrors(...names: ErrorName[]): object {
  return readErrors('OriginRefused', 'BodyTooLarge', 'MediaTypeRefused', ...names)
}
