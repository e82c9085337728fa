import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'

/** What the browser loads before it can show a message, compressed, bytes. */
const SHELL_MAX = 60 * 1024

const built = new URL('../../static/public/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, built))

test('the shell of the page is under 60 KiB compressed', t => {
  const named = [
    ...read('index.html')
      .toString()
      .matchAll(/\/assets\/([^"]+\.(?:js|css|svg))"/g),
  ].map(([, name]) => name)
  t.equal(named.length, 3, 'a script, a style sheet and an icon')
  const bytes = ['index.html', ...(named as string[])].reduce((sum, name) => sum + gzipSync(read(name)).length, 0)
  t.comment(`${(bytes / 1024).toFixed(1)} KiB`)
  t.ok(bytes < SHELL_MAX, `${bytes} bytes`)
  t.end()
})

test('what is not needed before the first message has scripts of its own, which the service worker keeps too', t => {
  const hashed = readdirSync(built).filter(name => /-\w{8}\.js$/.test(name))
  const main = hashed.find(name => name.startsWith('main-')) as string
  const worker = read('worker.js').toString()
  for (const screen of ['browse-rooms', 'create-room', 'members-panel', 'profile', 'search-panel', 'switcher']) {
    const name = hashed.find(name => name.startsWith(`${screen}-`)) as string
    t.ok(name, screen)
    t.ok(read(main).includes(`import("./${name}")`), 'it is loaded under its hashed name')
    t.ok(worker.includes(`/assets/${name}`), 'the page works offline')
    t.notMatch(read(name).toString(), /\bfrom"|\bimport\(/, 'it needs no other script')
  }
  t.end()
})
