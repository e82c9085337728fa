import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Test, test } from 'tap'
import { WebSocket } from 'ws'
import { readHistory } from '../../bench/replay/history.js'
import { BEARER_PREFIX, closeCodes, SUBPROTOCOL } from '../../schemas/wire.js'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { environment } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/port.js'
import { start, top, watch } from '../support/process.js'
import { repeat, skipLong } from '../support/repeat.js'

const ways: Record<string, (env: Record<string, string>) => string[]> = {
  'node build/server.js': () => ['build/server.js'],
  'fastify start': ({ PORT, HOST }) => {
    // Its default grace period of 500 ms is too short for a drain.
    const options = ['-o', '-l', 'info', '-p', PORT, '-a', HOST, '-g', '20000'] as string[]
    return ['node_modules/fastify-cli/cli.js', 'start', ...options, 'build/app.js']
  },
}
const SENDERS = 10
const RESTARTS = repeat(2, 1)
const VISITORS = 4

for (const [way, args] of Object.entries(ways)) {
  for (const HOST of ['127.0.0.1', 'localhost']) {
    test(`${way} on ${HOST}: SIGTERM in a burst of sends and connects loses and duplicates nothing`, {
      skip: (HOST !== 'localhost' || way !== 'node build/server.js') && skipLong,
    }, async t => {
      const env = { HOST, PORT: String(await freePort()), DRAIN_MS: '500' }
      const DATA_DIR = environment(t).DATA_DIR as string
      const run = async () => {
        const server = start(t, args(env), { ...env, DATA_DIR })
        // Logged when it listens on all addresses.
        await server.says(/Bus: /)
        return {
          ...server,
          addresses: [...server.written.out.matchAll(/listening at (http:\S+)/g)].map(([, at]) => at),
        }
      }
      let server = await run()
      const burst = await startBurst(t, server.addresses as string[])
      for (let restart = 1; restart <= RESTARTS; restart++) {
        await burst.until(restart * 100)
        server.child.kill('SIGTERM')
        t.equal(await server.ended, 0)
        server = await run()
      }
      await burst.until((RESTARTS + 1) * 100)
      t.strictSame(await burst.end(), { lost: [], doubled: [], moved: [] })
      t.strictSame([...burst.codes], [closeCodes.restarting.code], 'each socket was told why it ended')
    })
  }
}

/** Users who send continuously, and others who only connect and disconnect. */
async function startBurst(t: Test, addresses: string[]) {
  const codes = new Set<number>()
  const acked = new Map<string, number>()
  let ending = false
  const at = (n: number) => addresses[n % addresses.length] as string
  const tokens = await Promise.all(
    Array.from({ length: SENDERS }, async (_, n) => {
      const { token } = await createHttp({ base_url: at(n) }).register({
        username: `u-${n}`,
        password: 'correct horse',
      })
      return token
    }),
  )

  /** Records the close code of every socket that was open. */
  class Noting extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      this.on('open', () => this.on('close', code => ending || codes.add(code)))
    }
  }
  const connections = tokens.map((token, n) =>
    createConnection({
      base_url: at(n),
      WebSocket: Noting as unknown as SocketConstructor,
      token: () => token,
      backoff: { base_ms: 20, cap_ms: 200 },
    }),
  )
  t.teardown(() => {
    ending = true
    for (const connection of connections) connection.close()
  })
  /** Sends interrupted by the end of the test get no ack. */
  const closed = () => {}
  const senders = connections.map(async (connection, n) => {
    for (let i = 0; !ending; i++) {
      const { client_id, ack } = connection.send('default', `${n}:${i}`)
      await ack.then(({ seq }) => acked.set(client_id, seq), closed)
    }
  })
  const visitors = tokens.slice(0, VISITORS).map(async (token, n) => {
    while (!ending) {
      const ws = new WebSocket(`${at(n).replace('http', 'ws')}/ws`, [SUBPROTOCOL, BEARER_PREFIX + token])
      let opened = false
      ws.on('error', () => {})
      ws.on('open', () => {
        opened = true
        setTimeout(() => ws.close(1000), 30)
      })
      const code = await new Promise<number>(resolve => ws.on('close', resolve))
      if (opened && code !== 1000) codes.add(code)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  })

  return {
    codes,
    until: (count: number) => eventually(() => acked.size >= count),
    /** @returns acknowledged messages that are missing, stored twice, or stored with another seq than acknowledged */
    async end() {
      ending = true
      await Promise.all([...senders, ...visitors])
      for (const connection of connections) connection.close()
      const http = createHttp({ base_url: at(0), token: () => tokens[0] })
      const history = await readHistory(http, 'default')
      const seqs = new Map(history.map(({ client_id, id }) => [client_id, id]))
      return {
        lost: [...acked.keys()].filter(client_id => !seqs.has(client_id)),
        doubled: history.filter(({ client_id, id }) => seqs.get(client_id) !== id).map(({ client_id }) => client_id),
        moved: [...acked].filter(([client_id, seq]) => seqs.has(client_id) && seqs.get(client_id) !== seq),
      }
    },
  }
}

// Without `exec` in the script, sh (dash) would exit on the signal from npm, and the server would keep running.
test('npm start forwards SIGTERM, and treats the two SIGINTs of Ctrl-C as one', async t => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const env = environment(t, { LOG_LEVEL: 'info', PORT: '0', DRAIN_MS: '300' }) as Record<string, string>
    // In its own process group, like a command in a shell, so that Ctrl-C reaches all of it. Nothing is rebuilt.
    const npm = spawn('npm', ['start', '--ignore-scripts'], {
      cwd: top,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { written, says, ended } = watch(npm)
    t.teardown(() => {
      if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid as number), 'SIGKILL')
    })
    const [, address] = await says(/listening at (http:\S+)/)
    const { token } = await createHttp({ base_url: address as string }).register({
      username: 'minji',
      password: 'correct horse',
    })
    const ws = new WebSocket(`${(address as string).replace('http', 'ws')}/ws`, [SUBPROTOCOL, BEARER_PREFIX + token])
    await once(ws, 'open')
    const closed = once(ws, 'close')
    process.kill(signal === 'SIGINT' ? -(npm.pid as number) : (npm.pid as number), signal)
    const [code] = await closed
    t.equal(code, closeCodes.restarting.code, signal)
    await ended
    t.notMatch(`${written.out}${written.err}`, /second|killed/)
    t.match(written.out, `${signal} received: shutting down`)
  }
})
