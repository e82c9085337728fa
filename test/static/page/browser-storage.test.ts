import { test } from 'tap'
import { createBrowserStorage } from '../../../static/page/state/browser-storage.js'

function fail(): never {
  throw new Error('SecurityError')
}

test('if the browser blocks its storage, values last until the page is reloaded', t => {
  const storage = createBrowserStorage(fail)
  t.equal(storage.getItem('a'), null)
  storage.setItem('a', '1')
  t.equal(storage.getItem('a'), '1')
  storage.removeItem('a')
  t.equal(storage.getItem('a'), null)
  t.end()
})

test('if the storage is full, the new value counts, not the stored one', t => {
  const values = new Map([['a', 'old']])
  let isFull = true
  const storage = createBrowserStorage(() => ({
    getItem: key => values.get(key) ?? null,
    setItem: (key, value) => (isFull ? fail() : void values.set(key, value)),
    removeItem: key => void values.delete(key),
  }))
  t.equal(storage.getItem('a'), 'old')
  storage.setItem('a', 'new')
  t.equal(storage.getItem('a'), 'new')
  isFull = false
  storage.setItem('a', 'newer')
  t.equal(storage.getItem('a'), 'newer')
  t.equal(values.get('a'), 'newer')
  storage.removeItem('a')
  t.equal(storage.getItem('a'), null)
  t.end()
})
