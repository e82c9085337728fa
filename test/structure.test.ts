import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'tap'
import { top } from './support/process.js'

const LINES_MAX = 300
/** The server's own code, from the process down. */
const SERVER = ['plugins', 'routes', 'schemas', 'deploy', 'app.ts', 'server.ts']

const files = (paths: string[], kind = /\.tsx?$/) =>
  paths.flatMap(path =>
    kind.test(path)
      ? [path]
      : readdirSync(join(top, path), { recursive: true, encoding: 'utf8' })
          .map(name => join(path, name))
          .filter(name => kind.test(name)),
  )
const read = (path: string) => readFileSync(join(top, path), 'utf8')

/** What a source imports or exports from elsewhere, types included. */
const imports = (path: string) =>
  [...read(path).matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, named, loaded]) => (named ?? loaded) as string,
  )

const sources = files(['plugins', 'routes', 'schemas', 'static', 'deploy', 'app.ts', 'server.ts'])
/** The files of ours that each file imports. */
const graph = new Map(
  sources.map(path => [
    path,
    imports(path)
      .filter(name => name.startsWith('.'))
      .map(name => relative(top, resolve(top, dirname(path), name)).replace(/\.js$/, ''))
      .map(name => sources.find(source => source === `${name}.ts` || source === `${name}.tsx`))
      .filter(source => source !== undefined),
  ]),
)

/** An import cycle reachable from `path`, beginning and ending with the same file. */
function circleFrom(path: string, walked: string[], done: Set<string>): string[] | null {
  if (walked.includes(path)) return [...walked.slice(walked.indexOf(path)), path]
  if (done.has(path)) return null
  for (const next of graph.get(path) ?? []) {
    const circle = circleFrom(next, [...walked, path], done)
    if (circle) return circle
  }
  done.add(path)
  return null
}

// Type imports count: two files that need each other's types cannot be read, tested or moved separately.
test('the code has no import cycles', async t => {
  const done = new Set<string>()
  for (const path of sources) t.equal(circleFrom(path, [], done)?.join(' → '), undefined, path)
  t.ok((graph.get('app.ts') ?? []).length > 0, 'imports are found')
})

test(`no file that we wrote is longer than ${LINES_MAX} lines, tests aside`, async t => {
  const written = files(
    ['plugins', 'routes', 'schemas', 'static', 'openapi', 'deploy', 'bench', 'app.ts', 'server.ts'],
    /\.(tsx?|css|js)$/,
  )
  for (const path of written.filter(path => !path.includes('node_modules'))) {
    const lines = read(path).split('\n').length - 1
    t.ok(lines <= LINES_MAX, `${path} has ${lines} lines`)
  }
})

test('the server imports every package in dependencies, and no others except its optional peers', async t => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  const imported = new Set(
    files(SERVER)
      .flatMap(imports)
      .filter(name => !/^(\.|node:)/.test(name))
      .map(name =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  )
  // Pino loads it by name.
  if (read('plugins/config/server-options.ts').includes("target: 'pino-pretty'")) imported.add('pino-pretty')
  t.strictSame([...imported].sort(), Object.keys({ ...dependencies, ...peerDependencies }).sort())
})

test('no code outside the store imports past its index, and its adapters do not import each other', async t => {
  const store = join('plugins', 'store')
  for (const [path, found] of graph) {
    if (!path.startsWith(`${store}/`)) {
      const past = found.filter(name => name.startsWith(`${store}/`) && name !== join(store, 'index.ts'))
      t.same(past, [], path)
    }
    for (const [one, other] of [
      ['mongo', 'embedded'],
      ['embedded', 'mongo'],
    ] as const) {
      if (path.startsWith(join(store, one)))
        t.same(
          found.filter(name => name.startsWith(join(store, other))),
          [],
          path,
        )
    }
  }
})
