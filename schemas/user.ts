import { type Static, Type } from '@sinclair/typebox'
import { limits, NAME_PATTERN, USERNAME_PATTERN } from './wire.js'

/** RFC 3339, UTC, with milliseconds. */
export const Time = Type.String({ examples: ['2026-01-31T09:30:00.000Z'], description: 'RFC 3339, UTC, milliseconds' })

export const Username = Type.String({
  pattern: USERNAME_PATTERN,
  description: '3 to 30 of A–Z, a–z, 0–9, _ and -; one whatever its case',
  examples: ['minji'],
})

export const Password = Type.String({
  minLength: limits.PASSWORD_MIN,
  maxLength: limits.PASSWORD_BYTES_MAX,
  description: '8 characters to 72 bytes of UTF-8 after NFC, no U+0000',
  examples: ['correct horse battery'],
})

const userStatuses = ['available', 'busy', 'away'] as const
const Status = Type.Union(
  userStatuses.map(status => Type.Literal(status)),
  { examples: ['available'] },
)
const AvatarColor = Type.String({ pattern: '^#[0-9a-f]{6}$', examples: ['#3366cc'] })

export const User = Type.Object(
  {
    username: Username,
    display_name: Type.String({
      minLength: 1,
      maxLength: limits.DISPLAY_NAME_MAX,
      pattern: NAME_PATTERN,
      description: 'No control or invisible characters, no white space at either end',
      examples: ['민지'],
    }),
    bio: Type.String({
      maxLength: limits.BIO_MAX,
      pattern: '^[^\\u0000\\ud800-\\udfff]*$',
      description: 'No U+0000, no lone surrogate',
      examples: ['Ask me about logs'],
    }),
    avatar_color: AvatarColor,
    status: Status,
    created_at: Time,
  },
  { additionalProperties: false },
)
export type User = Static<typeof User>

/** A user as the store keeps it. */
export const StoredUser = Type.Composite([
  User,
  Type.Object({
    password_hash: Type.String(),
    /** May not log in. */
    blocked: Type.Boolean(),
  }),
])
export type StoredUser = Static<typeof StoredUser>

/** What others may see of a user. */
export function publicPart({ password_hash: _hash, blocked: _blocked, ...user }: StoredUser): User {
  return user
}

/** What only who runs the server changes. */
export type AccountChange = Partial<Pick<StoredUser, 'password_hash' | 'blocked'>>

export const Profile = Type.Composite([User, Type.Object({ online: Type.Boolean() })], { additionalProperties: false })
export type Profile = Static<typeof Profile>

export const ProfileChange = Type.Partial(Type.Pick(User, ['display_name', 'bio', 'avatar_color', 'status']), {
  additionalProperties: false,
  minProperties: 1,
})
export type ProfileChange = Static<typeof ProfileChange>

export const Credentials = Type.Object({ username: Username, password: Password }, { additionalProperties: false })
export type Credentials = Static<typeof Credentials>

/** Any string may be tried at login; only what could be registered can be right. */
export const Login = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 100, examples: ['minji'] }),
    password: Type.String({ minLength: 1, maxLength: 1000, examples: ['correct horse battery'] }),
  },
  { additionalProperties: false },
)

export const Token = Type.String({
  description: 'A JWT (HS256) of a session',
  examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtaW5qaSJ9.c2lnbmF0dXJl'],
})

export const Authenticated = Type.Object({ token: Token, user: User }, { additionalProperties: false })
export type Authenticated = Static<typeof Authenticated>

/** What a login opens and a logout ends; its tokens name it in `sid`. */
export const Session = Type.Object({
  id: Type.String(),
  username: Username,
  created_at: Time,
  expires_at: Time,
})
export type Session = Static<typeof Session>
