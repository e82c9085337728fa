import { once } from 'node:events'
import { mock } from 'node:test'
import Fastify from 'fastify'
import { type Test, test } from 'tap'
import { newUser } from '../../../plugins/auth/accounts.js'
import { openSessions, type Sessions } from '../../../plugins/auth/sessions.js'
import type { Store } from '../../../plugins/store/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { temporaryFolder } from '../../support/application.js'

const { log } = Fastify()
const IN_AN_HOUR = Date.now() + 3_600_000

async function openStore(t: Test): Promise<Store> {
  const store = await openEmbedded(temporaryFolder(t), log)
  t.after(() => store.close())
  await store.createUser(newUser('minji', 'hash'))
  return store
}

/** One server's view; several on one store are several servers. */
async function openOn(t: Test, store: Store) {
  const sessions = await openSessions(store, log)
  t.after(() => sessions.close())
  const heard: string[] = []
  const wake = new EventTarget()
  sessions.events.on('ended', id => {
    heard.push(id)
    wake.dispatchEvent(new Event('ended'))
  })
  /** Resolves when this server has heard that the session ended. */
  async function hearing(id: string) {
    while (!heard.includes(id)) await once(wake, 'ended')
  }
  return { ...sessions, heard, hearing }
}

async function openSession({ open }: Pick<Sessions, 'open'>, username = 'minji') {
  const session_id = await open({ username, generation: 0 }, IN_AN_HOUR)
  return { username, session_id, expires_at: IN_AN_HOUR }
}

function endedEvent(seq: number, session_id: string, expires_at: number): StoredEvent {
  return {
    room_id: '_system',
    seq,
    type: 'session_ended',
    username: 'minji',
    client_id: session_id,
    created_at: new Date().toISOString(),
    data: { session_id, expires_at: new Date(expires_at).toISOString() },
  }
}

test('a session is valid for its own user on every server; an unknown one never is', async t => {
  const store = await openStore(t)
  const [here, there] = [await openOn(t, store), await openOn(t, store)]
  const minji = await openSession(here)
  for (const server of [here, there, here]) {
    t.equal(await server.isGood(minji), true)
    t.equal(await server.isGood({ ...minji, username: 'bob' }), false)
    t.equal(await server.isGood({ ...minji, session_id: 'unknown' }), false)
  }
})

test('an ended session is rejected immediately here and soon on other servers; other sessions are not affected', async t => {
  const store = await openStore(t)
  const [here, there] = [await openOn(t, store), await openOn(t, store)]
  const [ends, stays] = [await openSession(here), await openSession(here)]
  t.equal(await there.isGood(ends), true)
  await here.end(ends)
  t.equal(await here.isGood(ends), false)
  await there.hearing(ends.session_id)
  t.equal(await there.isGood(ends), false)
  for (const server of [here, there]) t.equal(await server.isGood(stays), true)
  t.equal(await store.readSession(ends.session_id), null)
})

test('a listener hears of each ended session once, and of none after it is removed', async t => {
  const store = await openStore(t)
  const [here, there] = [await openOn(t, store), await openOn(t, store)]
  const calls: string[] = []
  const listener = (id: string, username: string) => void calls.push(`${username} ${id}`)
  here.events.on('ended', listener)
  const first = await openSession(here)
  await Promise.all([here.end(first), here.end(first), there.end(first)])
  const second = await openSession(there)
  await there.end(second)
  // The log is read in order: a server that received the second has read the first again.
  await here.hearing(second.session_id)
  t.same(here.heard, [first.session_id, second.session_id])
  here.events.off('ended', listener)
  await here.end(await openSession(here))
  t.same(calls, [`minji ${first.session_id}`, `minji ${second.session_id}`])
})

test('sessions that end concurrently on two servers are logged once each, without gaps', async t => {
  const store = await openStore(t)
  const servers = [await openOn(t, store), await openOn(t, store)]
  const ended = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => {
      const server = servers[at % 2] as (typeof servers)[0]
      const session = await openSession(server)
      await server.end(session)
      return session.session_id
    }),
  )
  const events = await store.readEvents('_system', { after: 0, limit: 1000 })
  t.same(
    events.map(({ seq }) => seq),
    ended.map((_, at) => at + 1),
  )
  t.same(events.map(({ data }) => data?.session_id).sort(), ended.sort())
})

test('an ended session stays ended after a restart, even if its row survived a crash', async t => {
  const store = await openStore(t)
  const before = await openOn(t, store)
  const session = await openSession(before)
  await store.append('_system', 0, [endedEvent(1, session.session_id, IN_AN_HOUR)])
  const after = await openOn(t, store)
  t.not(await store.readSession(session.session_id), null)
  t.equal(await after.isGood(session), false)
})

test('a starting server reads the log back as far as ended sessions matter', async t => {
  const store = await openStore(t)
  const first = await openOn(t, store)
  const [early, late] = [await openSession(first), await openSession(first)]
  const ids = Array.from(
    { length: 1500 },
    (_, at) => (at === 0 ? early : at === 1499 ? late : null)?.session_id ?? `${at}`,
  )
  const events = ids.map((id, at) => endedEvent(at + 1, id, IN_AN_HOUR))
  for (let at = 0; at < events.length; at += 500) await store.append('_system', at, events.slice(at, at + 500))
  const started = await openOn(t, store)
  t.equal(await started.isGood(early), false)
  t.equal(await started.isGood(late), false)
  t.same(started.heard, [], 'sessions that ended before the start are not announced')
})

test('expired sessions are deleted within an hour', async t => {
  const store = await openStore(t)
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const sessions = await openOn(t, store)
  const expired = await sessions.open({ username: 'minji', generation: 0 }, Date.now() - 1000)
  const good = await openSession(sessions)
  mock.timers.tick(3_600_000)
  // The store writes in order: when this is there, what was asked before is done.
  await openSession(sessions)
  t.equal(await store.readSession(expired), null)
  t.not(await store.readSession(good.session_id), null)
})

test('a server that was suspended for over a second accepts no token until it has read the log', async t => {
  const store = await openStore(t)
  const [here, there] = [await openOn(t, store), await openOn(t, store)]
  const minji = await openSession(here)
  t.equal(await there.isGood(minji), true)
  await here.end(minji)
  // The whole process stands still, as under SIGSTOP: no timer of ours runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200)
  t.ok(there.untilCurrent())
  t.equal(await there.isGood(minji), false)
  await there.untilCurrent()
  t.equal(there.untilCurrent(), null)
})

test('a server that cannot read ended sessions rejects all tokens, and recovers automatically', async t => {
  const store = await openStore(t)
  let cutOff = false
  const readEvents: Store['readEvents'] = async (...args) => {
    if (cutOff) throw new Error('cut off')
    return store.readEvents(...args)
  }
  const there = await openOn(t, { ...store, readEvents })
  const minji = await openSession(there)
  cutOff = true
  while (there.untilCurrent() === null) await new Promise(resolve => setImmediate(resolve))
  await t.rejects(there.isGood(minji), { code: 'STORE_UNAVAILABLE' })
  await t.rejects(there.assertCurrent() as Promise<void>, { code: 'STORE_UNAVAILABLE' })
  const waiting = there.untilCurrent()
  cutOff = false
  await waiting
  t.equal(await there.isGood(minji), true)
})
