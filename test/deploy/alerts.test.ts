import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import { temporaryFolder } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { programMissing } from '../support/missing.js'
import { freePort } from '../support/port.js'
import { start, top } from '../support/process.js'
import { enter } from '../support/servers.js'
import { mongoMissing, startMongo } from '../support/services.js'

const RULES = join(top, 'deploy/alerts.yaml')
const skip = programMissing('prometheus', '--version')

/** Runs the rules over series of one sample a minute. @param firing the alerts that fire after 10 minutes */
async function expectAlert(t: Test, series: Record<string, string>, alert: string, labels: Record<string, string>[]) {
  const file = join(temporaryFolder(t), 'test.json')
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }))
  const exp_alerts = labels.map(more => ({
    exp_labels: { severity: 'page', ...more },
  }))
  const alert_rule_test = [{ eval_time: '10m', alertname: alert, exp_alerts }]
  writeFileSync(
    file,
    JSON.stringify({
      rule_files: [RULES],
      evaluation_interval: '15s',
      tests: [{ interval: '1m', input_series, alert_rule_test }],
    }),
  )
  // promtool compares the annotations, too: what it says that it got is enough here.
  const said = await promisify(execFile)('promtool', ['test', 'rules', file]).catch(error => error)
  const stdout = said.stdout + said.stderr
  const got = /got:\[\s*(.*)/s.exec(stdout)?.[1] ?? ''
  if (labels.length === 0) t.match(stdout, /SUCCESS/, alert)
  else t.match(got, new RegExp(`alertname="${alert}"`), `${alert} fires`)
}

test('a store that is down and a server that vanishes from the targets raise alerts', { skip }, async t => {
  const up = (instance: string, values: string) => ({ [`up{job="talkie", instance="${instance}"}`]: values })
  const store = (values: string) => ({ 'talkie_store_up{job="talkie", instance="a"}': values })
  await expectAlert(t, { ...up('a', '1x10'), ...store('1x10') }, 'TalkieStoreDown', [])
  await expectAlert(t, { ...up('a', '1x10'), ...store('1x5 0x5') }, 'TalkieStoreDown', [{ job: 'talkie' }])
  await expectAlert(t, up('a', '1x10'), 'TalkieGone', [])
  await expectAlert(t, { ...up('a', '1x10'), ...up('b', '1x3 stale') }, 'TalkieGone', [{}])
  await expectAlert(t, { 'up{job="other"}': '1x10' }, 'TalkieGone', [{ job: 'talkie' }])
  await expectAlert(t, up('a', '1x3 0x10'), 'TalkieDown', [{ job: 'talkie' }])
})

/** A Prometheus with the shipped rules, and its targets, which may be changed. */
async function startPrometheus(t: Test, first: string[]) {
  const folder = temporaryFolder(t)
  const [config, targets] = [join(folder, 'prometheus.json'), join(folder, 'targets.json')]
  /** Renamed into place, so that it is never read half-written. */
  function setTargets(origins: string[]) {
    writeFileSync(`${targets}.new`, JSON.stringify([{ targets: origins.map(origin => new URL(origin).host) }]))
    renameSync(`${targets}.new`, targets)
  }
  setTargets(first)
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '5s', evaluation_interval: '5s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'talkie', file_sd_configs: [{ files: [targets], refresh_interval: '5s' }] }],
    }),
  )
  const address = `127.0.0.1:${await freePort()}`
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`]
  const prometheus = spawn('prometheus', args, { stdio: 'ignore' })
  t.after(async () => {
    const ended = once(prometheus, 'exit')
    prometheus.kill('SIGKILL')
    await ended
  })
  async function ask<T>(path: string): Promise<T[]> {
    const answer = await fetch(`http://${address}/api/v1/${path}`).catch(() => null)
    const { data } = ((await answer?.json().catch(() => null)) ?? {}) as { data?: { result?: T[]; alerts?: T[] } }
    return data?.result ?? data?.alerts ?? []
  }
  /** @param origin of the server that it is about; any by default */
  async function isFiring(name: string, origin?: string) {
    const alerts = await ask<{ state: string; labels: { alertname: string; instance?: string } }>('alerts')
    return alerts.some(
      ({ state, labels }) =>
        state === 'firing' &&
        labels.alertname === name &&
        (origin === undefined || labels.instance === new URL(origin).host),
    )
  }
  const count = async (query: string) => (await ask(`query?query=${encodeURIComponent(query)}`)).length
  return { setTargets, isFiring, count }
}

/** Five users whose sockets send a message every half second until the test ends. @returns how many were acknowledged */
async function talk(t: Test, origin: string) {
  const acks = [0, 0, 0, 0, 0]
  for (const at of acks.keys()) {
    const answer = await fetch(`${origin}/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: `user-${at}`, password: 'correct horse battery' }),
    })
    const { token } = (await answer.json()) as { token: string }
    const socket = await enter(t, origin, '/rooms/default/ws', token)
    let n = 0
    const timer = setInterval(
      () => socket.send({ type: 'send', room_id: 'default', client_id: `${at}-${n++}`, text: `${n}` }),
      500,
    )
    t.teardown(() => clearInterval(timer))
    socket.ws.on('message', data => {
      if (JSON.parse(data.toString()).type === 'ack') acks[at] = (acks[at] as number) + 1
    })
  }
  return acks
}

test('the shipped rules fire in Prometheus within two minutes after the database stopped under five talking sockets, a server was killed, or a server vanished from the targets', {
  skip: skip || mongoMissing(),
  timeout: 300_000,
}, async t => {
  const database = await startMongo()
  t.teardown(() => database.stop())
  const run = async (env: Record<string, string> = {}) => {
    const server = start(t, ['build/server.js'], { HOST: '127.0.0.1', ...env })
    const [, origin = ''] = await server.says(/listening at (http:\S+)/)
    return { ...server, origin }
  }
  const talking = await run({ MONGODB_URI: database.uri, MONGODB_DATABASE: `alerts_${randomUUID().slice(0, 8)}` })
  const [killed, vanished] = [await run(), await run()]
  const acks = await talk(t, talking.origin)
  await eventually(() => acks.every(count => count > 2))
  const { setTargets, isFiring, count } = await startPrometheus(
    t,
    [talking, killed, vanished].map(({ origin }) => origin),
  )
  await eventually(async () => (await count('talkie_store_up == 1')) === 3)
  for (const name of ['TalkieStoreDown', 'TalkieDown', 'TalkieGone']) t.notOk(await isFiring(name), name)

  const broken_at = performance.now()
  killed.child.kill('SIGKILL')
  setTargets([talking.origin, killed.origin])
  // A database that tests did not start cannot be stopped.
  await database.ours?.kill()
  const expectWithinTwoMinutes = async (name: string, origin?: string) => {
    await eventually(() => isFiring(name, origin))
    const s = (performance.now() - broken_at) / 1000
    t.ok(s < 120, `${name} after ${s.toFixed(0)} s`)
  }
  await Promise.all([
    database.ours && expectWithinTwoMinutes('TalkieStoreDown', talking.origin),
    expectWithinTwoMinutes('TalkieDown', killed.origin),
    expectWithinTwoMinutes('TalkieGone'),
  ])
  t.notOk(await isFiring('TalkieDown', talking.origin), 'a server without its database still answers Prometheus')
  t.equal(talking.child.exitCode, null)

  await database.ours?.start()
  await eventually(async () => !(await isFiring('TalkieStoreDown')))
  const before = [...acks]
  await eventually(() => acks.every((count, at) => count > (before[at] as number)))
})
