import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Test, test } from 'tap'
import { temporaryFolder } from './support/application.js'
import { programMissing } from './support/missing.js'
import { freePort } from './support/port.js'
import { top, watch } from './support/process.js'

/** Folders that a clean clone does not have. */
const NOT_CLONED = ['.git', '.tap', '.cache', 'build', 'data', 'node_modules']
/** The server's address in the pages. */
const ADDRESS = 'http://localhost:8080'

const list = (folder: string) =>
  readdirSync(join(top, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name))
/** README.ko.md shows the commands of README.md (documents.test.ts); those of deploy/k8s/ need a cluster. */
const pages = [...list('.'), ...list('docs'), ...list('bench')].filter(page => page !== 'README.ko.md')

interface Block {
  line: number
  commands: string
  /** Why it is not run here. */
  reason: string | undefined
}

/** The `sh` blocks of a page, in order. */
function blocksOf(page: string): Block[] {
  const text = readFileSync(join(top, page), 'utf8')
  return [...text.matchAll(/(?:<!-- not run here: (.+) -->\n)?^```sh\n([\s\S]*?)^```$/gm)].map(found => ({
    line: text.slice(0, found.index).split('\n').length,
    commands: found[2] as string,
    reason: found[1],
  }))
}

const runnable = (page: string) => blocksOf(page).filter(({ reason }) => reason === undefined)

/** A copy of the project like a fresh clone, with the packages of this checkout. */
function clone(t: Test): string {
  const folder = join(temporaryFolder(t), 'clone')
  cpSync(top, folder, {
    recursive: true,
    filter: path => !NOT_CLONED.includes(relative(top, path).split('/', 1)[0] as string),
  })
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The environment of a user's terminal. */
const terminal = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8' }

/** Runs a page's blocks one after the other in one shell, and stops at a failure. @returns the output */
async function follow(folder: string, blocks: Block[], address: string) {
  const commands = blocks.map(({ line, commands }) => `echo "# line ${line}"\n${commands}`).join('\n')
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands.replaceAll(ADDRESS, address)], {
    cwd: folder,
    // Port 8080 may be in use.
    env: { ...terminal, PORT: new URL(address).port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', bytes => {
      said += bytes
    })
  }
  const [code] = await once(child, 'close')
  return { code: code as number, said }
}

test('each block that is not run states a reason, and each that is run is valid shell syntax', async t => {
  for (const page of pages) {
    for (const { reason, line, commands } of blocksOf(page)) {
      if (reason !== undefined) t.match(reason, /^.{10,}$/, `${page}:${line}`)
      const child = spawn('bash', ['-n', '-c', commands], { stdio: 'ignore' })
      t.same(await once(child, 'close'), [0, null], `${page}:${line}`)
    }
  }
  t.ok(pages.flatMap(runnable).length >= 5, 'some are run')
})

test('npm start and every command of the pages work in a clean folder', {
  skip: programMissing('curl', '--version'),
}, async t => {
  const folder = clone(t)
  const port = await freePort()
  const server = spawn('bash', ['-c', 'exec npm start'], {
    cwd: folder,
    env: { ...terminal, PORT: String(port), RATE_LIMIT_AUTH_PER_MINUTE: '0' },
    // Its own process group, so that npm and its children are ended together.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { says, ended } = watch(server)
  const end = async (signal: NodeJS.Signals) => {
    try {
      process.kill(-(server.pid as number), signal)
    } catch {
      // It has already exited.
    }
    await ended
  }
  t.after(() => end('SIGKILL'))
  await says(/listening at/)
  const address = `http://localhost:${port}`
  t.match(await (await fetch(address)).text(), '<html', 'the page is there')

  const needServer = (page: string) => runnable(page).some(({ commands }) => commands.includes(ADDRESS))
  const outcomes = new Map<string, string>()
  async function run(page: string) {
    const outcome = await follow(folder, runnable(page), address)
    t.equal(outcome.code, 0, `${page}: ${outcome.said}`)
    outcomes.set(page, outcome.said)
  }
  for (const page of pages.filter(needServer)) await run(page)
  t.match(outcomes.get('README.md'), /"text":"안녕하세요!"[\s\S]*"text":"안녕하세요!"/, 'said, and read')
  await end('SIGTERM')
  for (const page of pages.filter(page => !needServer(page) && runnable(page).length > 0)) await run(page)
  const operating = outcomes.get('docs/operating.md')
  t.match(operating, /Created account sora/)
  t.match(operating, /Imported room lobby \(Old lobby\): 2 events; users added: 1/)
  t.match(operating, /verified\. The epoch is new and all sessions ended/)
})
