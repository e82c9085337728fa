import { setImmediate } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createBudgets } from '../../../plugins/budgets/budgets.js'
import { createSearch } from '../../../plugins/search/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { build } from '../../support/application.js'
import { NOW } from '../../support/events.js'
import { addUsers } from '../../support/users.js'

async function talking(t: Test, texts: string[]) {
  const app = await build(t)
  await addUsers(app, 'minji', 'seojun')
  for (let at = 0; at < texts.length; at += 500) {
    const events = texts.slice(at, at + 500).map(
      (text, i): StoredEvent => ({
        ...{ room_id: 'default', seq: at + i + 2, type: 'message', username: 'minji', client_id: `c${at + i}` },
        ...{ created_at: NOW, text },
      }),
    )
    await app.store.append('default', at + 1, events)
  }
  return app
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

test('only members search', async t => {
  const { messageSearch, rooms } = await talking(t, [])
  const { id } = await rooms.create('minji', { name: 'open' })
  await t.rejects(messageSearch.find(id, 'seojun', { q: 'x' }), { code: 'NOT_MEMBER' })
})

test('a search continues where the previous one ended', async t => {
  const { messageSearch } = await talking(
    t,
    upTo(500).map(n => (n % 3 ? `회의 ${n}` : `의회 회 의 ${n}`)),
  )
  const found: number[] = []
  for (let before: number | undefined; ; ) {
    const page = await messageSearch.find('default', 'seojun', { q: '회의', limit: 7, ...(before && { before }) })
    t.ok(page.messages.length <= 7)
    found.unshift(...page.messages.map(({ id }) => id))
    if (!page.has_more) break
    before = page.next_before
  }
  t.strictSame(
    found,
    upTo(500)
      .filter(n => n % 3)
      .map(n => n + 2),
  )
})

test('a query without a searchable character finds nothing', async t => {
  const { messageSearch } = await talking(t, ['오늘 🔥 배포'])
  for (const q of ['…', '$', '\ufe0f', '\u200d']) {
    t.strictSame(await messageSearch.find('default', 'seojun', { q }), { messages: [], has_more: false }, q)
    t.strictSame(await messageSearch.findInOwn('seojun', { q }), { messages: [], has_more: false }, q)
  }
  t.match(await messageSearch.find('default', 'seojun', { q: '🔥' }), { messages: { length: 1 } })
})

/** Each has both pairs of 가나다, none has the whole: a search must look at every one. */
const futile = upTo(2000).map(() => '가나 나다 회의록을작성하고 '.repeat(140).slice(0, 1940))

test('a search leaves the event loop to others, and is paid by its account', async t => {
  const { store, rooms } = await talking(t, futile)
  const budgets = createBudgets({ ms_per_second: 100, reserve_ms: 3000 }, { ms_per_second: 100, reserve_ms: 3000 })
  t.teardown(() => budgets.close())
  const search = createSearch(store, rooms, budgets)
  await search.find('default', 'seojun', { q: '나' })

  let done = false
  const started_at = performance.now()
  const running = search.find('default', 'minji', { q: '가나다' }).finally(() => {
    done = true
  })
  let turns = 0
  while (!done) {
    await setImmediate()
    turns++
  }
  const took_ms = performance.now() - started_at
  t.ok(turns > 50, `${turns} turns`)
  t.strictSame((await running).messages, [])
  const { ofAccount } = budgets
  t.notOk(ofAccount('MINJI').full)
  // A quarter of one core at most, but for the first 10 ms.
  const us = 2000 * (10 + 1940 * 0.1)
  t.ok(took_ms > us / 1000 / 0.25 / 2, `${took_ms} ms`)
})

test('an account that has used up its budget gets the hits so far, and the position to continue from', async t => {
  const { store, rooms } = await talking(t, futile)
  const budgets = createBudgets({ ms_per_second: 1, reserve_ms: 20 }, { ms_per_second: 100, reserve_ms: 3000 })
  t.teardown(() => budgets.close())
  const search = createSearch(store, rooms, budgets)
  const page = await search.find('default', 'minji', { q: '가나다' })
  t.strictSame(page.messages, [])
  t.ok(page.has_more)
  t.ok((page.next_before ?? 0) > 2, `from ${page.next_before}`)
})
