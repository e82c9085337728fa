import { test } from 'tap'
import { createDrafts, type TextStorage } from '../../../static/page/state/drafts.js'
import { uuidTime } from '../../../static/page/text/uuid-time.js'

/** The part of `localStorage` that drafts use. */
function memory(): TextStorage {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  }
}

test('a draft belongs to one room of one user, and an empty one is removed', async t => {
  const storage = memory()
  const drafts = createDrafts(storage, 'minji')
  drafts.save('default', 'half a thought')
  drafts.save('lunch', 'soup')
  t.equal(createDrafts(storage, 'minji').get('default'), 'half a thought')
  t.equal(createDrafts(storage, 'jun').get('default'), '')
  drafts.save('default', ' ')
  t.equal(drafts.get('default'), '')
  t.equal(drafts.get('lunch'), 'soup')
  drafts.save('__proto__', 'x')
  t.equal(drafts.get('toString'), '')
  drafts.clear()
  t.equal(drafts.get('lunch'), '')
})

test('the oldest of many drafts are dropped, and invalid storage is ignored', async t => {
  const storage = memory()
  const drafts = createDrafts(storage, 'minji')
  for (let i = 0; i < 60; i++) drafts.save(`room-${i}`, `draft ${i}`)
  t.equal(drafts.get('room-9'), '')
  t.equal(drafts.get('room-10'), 'draft 10')
  storage.setItem('talkie.drafts.minji', '{')
  t.equal(drafts.get('room-10'), '')
})

test('a client_id contains its time', async t => {
  t.equal(uuidTime('017f22e2-79b0-7cc3-98c4-dc0c0c07398f'), '2022-02-22T19:22:22.000Z')
})
