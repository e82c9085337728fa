import { type Static, Type } from '@sinclair/typebox'
import { PageLimit } from './paging.js'
import { limits, NAME_PATTERN, registrationModes, USERNAME_PATTERN } from './wire.js'

export const Time = Type.String({
  examples: ['2026-01-31T09:30:00.000Z'],
  description: 'RFC 3339 in UTC, with milliseconds',
})

export const Username = Type.String({
  pattern: USERNAME_PATTERN,
  description: '3 to 30 letters (A–Z, a–z), digits, `_` or `-`; case-insensitive',
  examples: ['minji'],
})

export const Password = Type.String({
  minLength: limits.PASSWORD_MIN,
  maxLength: limits.PASSWORD_BYTES_MAX,
  pattern: '^[^\\u0000]*$',
  description:
    'At least 8 characters and at most 72 bytes of UTF-8 (after NFC normalization); no U+0000; not the username and none of the 10,000 most common passwords',
  examples: ['correct horse battery'],
})

const userStatuses = ['available', 'busy', 'away'] as const
const Status = Type.Union(
  userStatuses.map(status => Type.Literal(status)),
  { description: 'Status that the user has chosen', examples: ['available'] },
)
const AvatarColor = Type.String({
  pattern: '^#[0-9a-fA-F]{6}$',
  description: 'Background color of the avatar, as `#rrggbb`; stored in lowercase',
  examples: ['#3366cc'],
})

export const User = Type.Object(
  {
    username: Username,
    display_name: Type.String({
      minLength: 1,
      maxLength: limits.DISPLAY_NAME_MAX,
      pattern: NAME_PATTERN,
      description:
        'No control or invisible characters except within emoji and Persian or Indic words, no leading or trailing white space',
      examples: ['민지'],
    }),
    bio: Type.String({
      maxLength: limits.BIO_MAX,
      pattern: '^[^\\u0000\\ud800-\\udfff]*$',
      description: 'Free text about the user; no U+0000, no lone surrogate',
      examples: ['Ask me about logs'],
    }),
    avatar_color: AvatarColor,
    status: Status,
    created_at: Time,
    is_deleted: Type.Optional(
      Type.Literal(true, { description: 'The account was deleted; the rest of the profile says nothing. Else absent' }),
    ),
  },
  { additionalProperties: false },
)
export type User = Static<typeof User>

/** What becomes of the messages of an account that is deleted: they stay, or each of them is deleted. */
export const messagesOfDeleted = ['keep', 'delete'] as const
export type MessagesOfDeleted = (typeof messagesOfDeleted)[number]
export const MessagesOfDeleted = Type.Union(messagesOfDeleted.map(choice => Type.Literal(choice)))

/** A user as stored. */
export const StoredUser = Type.Composite([
  User,
  Type.Object({
    password_hash: Type.String(),
    /** A blocked user cannot log in. */
    blocked: Type.Boolean(),
    /** Raised by 1 in the write that ends the account's sessions: a session of another generation is not valid. */
    generation: Type.Integer(),
    /** The session that is valid nevertheless: the one in which the user changed the password. */
    kept_session: Type.Union([Type.String(), Type.Null()]),
    is_admin: Type.Boolean(),
    /** SHA-256 of the secret in a link that sets a new password once, and when the link expires. */
    reset_hash: Type.Union([Type.String(), Type.Null()]),
    reset_expires_at: Type.Union([Time, Type.Null()]),
    /** Set once, when the account is deleted: for good, so that the name is never free again. */
    deletion: Type.Union([MessagesOfDeleted, Type.Null()]),
    deleted_at: Type.Union([Time, Type.Null()]),
    /** Whether nothing is left to be done of the deletion. */
    deletion_done: Type.Boolean(),
  }),
])
export type StoredUser = Static<typeof StoredUser>

/** The profile of every deleted account. A client shows the name in its user's language. */
export const DELETED_PROFILE = {
  display_name: 'Deleted account',
  bio: '',
  avatar_color: '#70757d',
  status: 'available',
} as const

/** What other users may see. */
export function publicPart(stored: StoredUser): User {
  if (stored.deletion !== null) {
    return { username: stored.username, ...DELETED_PROFILE, created_at: stored.created_at, is_deleted: true }
  }
  const { username, display_name, bio, avatar_color, status, created_at } = stored
  return { username, display_name, bio, avatar_color, status, created_at }
}

/** What no change of the profile changes. */
export type AccountChange = Partial<Omit<StoredUser, keyof User>>

export const Profile = Type.Composite(
  [User, Type.Object({ online: Type.Boolean({ description: 'Whether the user has an open socket' }) })],
  { additionalProperties: false },
)
export type Profile = Static<typeof Profile>

export const ProfileChange = Type.Partial(Type.Pick(User, ['display_name', 'bio', 'avatar_color', 'status']), {
  additionalProperties: false,
  minProperties: 1,
})
export type ProfileChange = Static<typeof ProfileChange>

export const Credentials = Type.Object({ username: Username, password: Password }, { additionalProperties: false })
export type Credentials = Static<typeof Credentials>

/** Signing up, perhaps by an invitation. */
export const SignUp = Type.Object(
  {
    ...Credentials.properties,
    invitation: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'The code of an invitation, which also makes the new user a member of its room',
        examples: ['5f0c1d9be2a7483601.q83vASNFZ4mrze8BI0VniQ'],
      }),
    ),
  },
  { additionalProperties: false },
)

/** Login accepts any string, so that a malformed username fails like an unknown one. */
export const Login = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 100, examples: ['minji'] }),
    password: Type.String({ minLength: 1, maxLength: 1000, examples: ['correct horse battery'] }),
  },
  { additionalProperties: false },
)

export const PasswordChange = Type.Object(
  { current_password: Login.properties.password, new_password: Password },
  { additionalProperties: false },
)
export type PasswordChange = Static<typeof PasswordChange>

export const AccountDeletion = Type.Object(
  {
    password: Login.properties.password,
    messages: Type.Union([...MessagesOfDeleted.anyOf], {
      description: '`keep`: your messages stay, under “deleted account”; `delete`: they are deleted, too',
      examples: ['keep'],
    }),
  },
  { additionalProperties: false },
)
export type AccountDeletion = Static<typeof AccountDeletion>

export const Token = Type.String({
  description: 'A JWT (HS256) that identifies a session',
  examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtaW5qaSJ9.c2lnbmF0dXJl'],
})

export const OwnUser = Type.Composite(
  [User, Type.Object({ is_admin: Type.Boolean({ description: 'Whether the user administers this server' }) })],
  { additionalProperties: false },
)
export type OwnUser = Static<typeof OwnUser>

/** What the user may see of its own account. */
export const ownPart = (stored: StoredUser): OwnUser => ({ ...publicPart(stored), is_admin: stored.is_admin })

export const Authenticated = Type.Object({ token: Token, user: OwnUser }, { additionalProperties: false })
export type Authenticated = Static<typeof Authenticated>

/** As stored. Opened by a login and ended by a logout; tokens name their session in `sid`. */
export const Session = Type.Object({
  id: Type.String(),
  username: Username,
  created_at: Time,
  expires_at: Time,
  /** The account's when the session was opened. */
  generation: Type.Integer(),
  device: Type.String({
    description: 'Browser and system, as the client names them; may be empty',
    examples: ['Chrome · Windows'],
  }),
  address: Type.String({ description: 'IP address at `last_seen_at`; may be empty', examples: ['203.0.113.7'] }),
  last_seen_at: Type.String({ ...Time, description: 'When it was used last, up to ten minutes behind' }),
})
export type Session = Static<typeof Session>

/** Whether a session outlived every change that ended the account's sessions. */
export const isCurrent = ({ id, generation }: Pick<Session, 'id' | 'generation'>, user: StoredUser) =>
  generation === user.generation || id === user.kept_session

const SessionId = Type.String({
  maxLength: 64,
  description: 'Id of a session, which its tokens carry as `sid`',
  examples: ['0b0a1b0e-3c0e-4c52-9a3c-2d4f5c1f7a11'],
})

export const OwnSession = Type.Composite(
  [
    Type.Pick(Session, ['device', 'address', 'created_at', 'last_seen_at']),
    Type.Object({
      id: SessionId,
      is_current: Type.Boolean({ description: 'Whether it is the session of this request' }),
    }),
  ],
  { additionalProperties: false },
)
export type OwnSession = Static<typeof OwnSession>

export const SessionParams = Type.Object({ session_id: SessionId })

export const SessionList = Type.Object(
  {
    limit: PageLimit,
    after: Type.Optional({
      ...SessionId,
      description: 'Return sessions after this id: the last one of the previous page',
    }),
  },
  { additionalProperties: false },
)
export type SessionList = Static<typeof SessionList>

export const SessionPage = Type.Object(
  { sessions: Type.Array(OwnSession), has_more: Type.Boolean({ description: 'Whether another page follows' }) },
  { additionalProperties: false },
)
export type SessionPage = Static<typeof SessionPage>

export const RegistrationMode = Type.Union(
  registrationModes.map(mode => Type.Literal(mode)),
  { description: '`open`: anyone can register; `invite`: with an invitation; `closed`: nobody', examples: ['open'] },
)

export const Registration = Type.Object(
  {
    mode: RegistrationMode,
    first_is_admin: Type.Boolean({
      description: 'Whether no account exists yet: the first one becomes an administrator',
      examples: [false],
    }),
  },
  { additionalProperties: false },
)
export type Registration = Static<typeof Registration>

export const ResetLink = Type.Object(
  {
    link: Type.String({
      description: 'Path and fragment of the page on which the user sets a new password',
      examples: ['/reset#minji.q83vASNFZ4mrze8BI0VniQ'],
    }),
    expires_at: Time,
  },
  { additionalProperties: false },
)
export type ResetLink = Static<typeof ResetLink>

export const PasswordReset = Type.Object(
  {
    code: Type.String({
      maxLength: 100,
      description: 'What stands behind `#` in the link',
      examples: ['minji.q83vASNFZ4mrze8BI0VniQ'],
    }),
    new_password: Password,
  },
  { additionalProperties: false },
)
export type PasswordReset = Static<typeof PasswordReset>
