import { type Static, Type } from '@sinclair/typebox'
import { limits, NAME_PATTERN, USERNAME_PATTERN } from './wire.js'

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
  },
  { additionalProperties: false },
)
export type User = Static<typeof User>

/** A user as stored. */
export const StoredUser = Type.Composite([
  User,
  Type.Object({
    password_hash: Type.String(),
    /** A blocked user cannot log in. */
    blocked: Type.Boolean(),
  }),
])
export type StoredUser = Static<typeof StoredUser>

/** What other users may see. */
export function publicPart({ password_hash: _hash, blocked: _blocked, ...user }: StoredUser): User {
  return user
}

/** What only an operator of the server can change. */
export type AccountChange = Partial<Pick<StoredUser, 'password_hash' | 'blocked'>>

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

/** Login accepts any string, so that a malformed username fails like an unknown one. */
export const Login = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 100, examples: ['minji'] }),
    password: Type.String({ minLength: 1, maxLength: 1000, examples: ['correct horse battery'] }),
  },
  { additionalProperties: false },
)

export const Token = Type.String({
  description: 'A JWT (HS256) that identifies a session',
  examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtaW5qaSJ9.c2lnbmF0dXJl'],
})

export const Authenticated = Type.Object({ token: Token, user: User }, { additionalProperties: false })
export type Authenticated = Static<typeof Authenticated>

/** Opened by a login and ended by a logout; tokens name their session in `sid`. */
export const Session = Type.Object({
  id: Type.String(),
  username: Username,
  created_at: Time,
  expires_at: Time,
})
export type Session = Static<typeof Session>
