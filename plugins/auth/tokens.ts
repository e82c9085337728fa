import type { JWT } from '@fastify/jwt'

/** A user, the session, and when its token expires (ms since 1970). */
export interface Identity {
  username: string
  session_id: string
  expires_at: number
}

export type Tokens = ReturnType<typeof createTokens>

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @param lifetime in the format of JWT_EXPIRY: a number followed by s, m, h or d */
export function createTokens(jwt: JWT, lifetime: string) {
  const lifetime_ms = Number(lifetime.slice(0, -1)) * (UNIT_MS[lifetime.slice(-1)] as number)

  /** When a token signed now would expire, in whole seconds like the `exp` claim. */
  function expiry(): number {
    return Math.ceil((Date.now() + lifetime_ms) / 1000) * 1000
  }

  function sign({ username, session_id, expires_at }: Identity): string {
    return jwt.sign({ sub: username, sid: session_id, exp: expires_at / 1000 })
  }

  /** Checks the signature, the expiry and the types of the claims, but not whether the session is still valid. */
  function read(token: string): Identity | null {
    let claims: { sub?: unknown; sid?: unknown; exp?: unknown }
    try {
      claims = jwt.verify(token)
    } catch {
      return null
    }
    const { sub, sid, exp } = claims
    if (typeof sub !== 'string' || typeof sid !== 'string' || !Number.isInteger(exp)) return null
    return { username: sub, session_id: sid, expires_at: (exp as number) * 1000 }
  }

  return { expiry, sign, read }
}
