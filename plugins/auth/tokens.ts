import type { JWT } from '@fastify/jwt'

/** Who speaks, by which session, and until when (ms since 1970) the token at hand is good. */
export interface Identity {
  username: string
  session_id: string
  expires_at: number
}

export type Tokens = ReturnType<typeof createTokens>

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @param lifetime as JWT_EXPIRY has it: a number and s, m, h or d */
export function createTokens(jwt: JWT, lifetime: string) {
  const lifetime_ms = Number(lifetime.slice(0, -1)) * (UNIT_MS[lifetime.slice(-1)] as number)

  /** When a token signed now would expire; whole seconds, since tokens know no less. */
  function expiry(): number {
    return Math.ceil((Date.now() + lifetime_ms) / 1000) * 1000
  }

  function sign({ username, session_id, expires_at }: Identity): string {
    return jwt.sign({ sub: username, sid: session_id, exp: expires_at / 1000 })
  }

  /** Signature, expiry and the claims' types; whether the session is still good is not known here. */
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
