import { type Promises, session } from './support.js'

/** Sessions. */
export function sessionsContract({ promise }: Promises) {
  promise('a session’s expiry only moves forward, and a deleted session is gone', async (t, store) => {
    const stored = session('a', 'Ann', { expires_at: '2026-02-02T00:00:00.000Z' })
    await store.createSession(stored)
    await store.extendSession('a', '2026-02-03T00:00:00.000Z')
    await store.extendSession('a', '2026-02-01T00:00:00.000Z')
    t.strictSame(await store.readSession('a'), { ...stored, expires_at: '2026-02-03T00:00:00.000Z' })
    await store.extendSession('b', '2026-02-03T00:00:00.000Z')
    t.equal(await store.readSession('b'), null, 'extending makes none')
    await store.deleteSession('a')
    t.equal(await store.readSession('a'), null)
    await t.resolves(store.deleteSession('a'), 'deleting a missing session succeeds')
  })

  promise('the last use of a session is noted, and no session is made by it', async (t, store) => {
    const stored = session('a', 'Ann')
    await store.createSession(stored)
    const seen = { last_seen_at: '2026-03-01T00:00:00.000Z', address: '2001:db8::1' }
    await store.touchSession('a', seen)
    t.strictSame(await store.readSession('a'), { ...stored, ...seen })
    await store.touchSession('b', seen)
    t.equal(await store.readSession('b'), null)
  })

  promise('a user’s sessions are listed by id, regardless of the name’s case', async (t, store) => {
    const all = [session('a', 'Ann'), session('b', 'ann'), session('c', 'Ann')]
    for (const one of [...all, session('d', 'bob'), session('e', 'anne')]) await store.createSession(one)
    t.strictSame(await store.listSessions('ANN', { limit: 10 }), all)
    t.strictSame(await store.listSessions('ann', { limit: 2 }), all.slice(0, 2))
    t.strictSame(await store.listSessions('ann', { after: 'a', limit: 1 }), all.slice(1, 2))
    await store.deleteSession('b')
    t.strictSame(await store.listSessions('ann', { after: 'a', limit: 5 }), all.slice(2))
    t.strictSame(await store.listSessions('nobody', { limit: 5 }), [])
  })

  promise('expired sessions are deleted and no others', async (t, store) => {
    for (const [id, expires_at] of [
      ['old', '2026-01-01T00:00:00.000Z'],
      ['older', '2025-01-01T00:00:00.000Z'],
      ['new', '2026-01-01T00:00:00.001Z'],
    ] as const) {
      await store.createSession(session(id, 'ann', { expires_at }))
    }
    await store.deleteExpiredSessions('2026-01-01T00:00:00.001Z')
    t.equal(await store.readSession('old'), null)
    t.equal(await store.readSession('older'), null)
    t.ok(await store.readSession('new'))
  })
}
