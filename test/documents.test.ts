import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { errors } from '../schemas/error.js'
import { clientFrames, eventFrames, serverFrames } from '../schemas/frame.js'
import { closeCodes } from '../schemas/wire.js'

const top = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, top), 'utf8')
const names = (folder: string) => readdirSync(new URL(folder, top))
const pages = [...names('.'), ...names('docs').map(name => `docs/${name}`), 'bench/README.md'].filter(path =>
  path.endsWith('.md'),
)
const protocol = read('docs/protocol.md')

/** The first cells of the rows under a heading of the protocol's page, and what a pattern finds in them. */
function cells(heading: string, pattern: RegExp): string[] {
  const [, section = ''] = protocol.split(`\n## ${heading}\n`)
  const [body = ''] = section.split('\n## ')
  return body
    .split('\n')
    .filter(line => line.startsWith('|'))
    .flatMap(line => [...(line.split('|')[1] as string).matchAll(pattern)].map(([, found]) => found as string))
}

test('every npm script that a page names exists', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const [command, name] of read(page).matchAll(/npm (?:run )?(?!ci\b|install\b)([a-z][\w:-]*)/g)) {
      t.ok(scripts[name as string], `${page}: ${command}`)
    }
  }
})

test('every file that a page links or names exists', async t => {
  // What is in build/ is made by the commands of the pages.
  const folders = names('.').filter(name => name !== 'build')
  for (const page of pages) {
    const text = read(page)
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      t.ok(existsSync(new URL(target as string, new URL(page, top))), `${page} links ${target}`)
    }
    for (const [, path] of text.matchAll(/`([\w.-]+\/[\w./-]*)`/g)) {
      if (folders.includes((path as string).split('/', 1)[0] as string)) {
        t.ok(existsSync(new URL(path as string, top)), `${page} names ${path}`)
      }
    }
  }
})

for (const page of ['README.md', 'README.ko.md']) {
  test(`the table of ${page} has every operation of openapi.yaml, and no other`, async t => {
    const { paths } = parse(read('openapi/openapi.yaml')) as { paths: Record<string, object> }
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    const rows = [...read(page).matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \|/gm)].map(([, row]) => row)
    t.strictSame(rows.sort(), operations.sort())
  })
}

test('both editions of the README show the same commands', async t => {
  const commands = (page: string) =>
    [...read(page).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => (block as string).replace(/ *#.*/g, ''))
  t.strictSame(commands('README.ko.md'), commands('README.md'))
  t.equal(
    read('README.md').match(/^```sh\nnpm ci && npm start .*\nnpm ci && npm test /m)?.length,
    1,
    'the two come first',
  )
})

test('docs/protocol.md has every error code with its status, and no other', async t => {
  const rows = [...protocol.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => `${code} ${status}`)
  const expected = new Set(
    Object.values(errors).map(make => {
      const { code, statusCode } = new make()
      return `${code} ${statusCode}`
    }),
  )
  t.strictSame(rows.sort(), [...expected].sort())
})

test('docs/protocol.md has every close code with what the client does next, and no other', async t => {
  const rows = [...protocol.matchAll(/^\| (\d{4}) \|.*\| (\w+) \|$/gm)].map(([, code, next]) => `${code} ${next}`)
  const expected = Object.values(closeCodes).map(({ code, next }) => `${code} ${next}`)
  t.strictSame(rows, expected)
})

test('docs/protocol.md has every frame, and no other', async t => {
  t.strictSame(cells('What a client sends', /`(\w+)`/g).sort(), Object.keys(clientFrames).sort())
  const server = Object.keys({ ...serverFrames, ...eventFrames })
  t.strictSame(cells('What a server sends', /`(\w+)`/g).sort(), server.sort())
})

test('docs/reliability.md has every bound of plugins/, and no other', async t => {
  const files = readdirSync(new URL('plugins', top), { recursive: true, encoding: 'utf8' })
  const declared = files
    .filter(file => file.endsWith('.ts'))
    .flatMap(file =>
      [...read(`plugins/${file}`).matchAll(/\bconst ([A-Z_]+_MAX) = /g)].map(([, name]) => `plugins/${file} ${name}`),
    )
  const rows = [...read('docs/reliability.md').matchAll(/\| `((?:plugins|schemas)\/\S+\.ts)` `(\w+)` \|$/gm)]
  const listed = rows.map(([, file, name]) => `${file} ${name}`)
  t.strictSame([...new Set(listed)].sort(), listed.sort(), 'each is listed once')
  for (const bound of declared) t.ok(listed.includes(bound), `${bound} is in the table`)
  for (const [, file, name] of rows) t.match(read(file as string), new RegExp(`\\b${name}\\b`), `${file} has ${name}`)
})
