import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import { temporaryFolder } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { programMissing } from '../support/missing.js'
import { freePort } from '../support/port.js'
import { start, top } from '../support/process.js'

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

test('Prometheus with the shipped rules reads a server, and fires within two minutes after it was stopped', {
  skip,
  timeout: 150_000,
}, async t => {
  const server = start(t, ['build/server.js'], { HOST: '127.0.0.1' })
  const [, origin = ''] = await server.says(/listening at (http:\S+)/)
  const folder = temporaryFolder(t)
  const config = join(folder, 'prometheus.json')
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '5s', evaluation_interval: '5s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'talkie', static_configs: [{ targets: [new URL(origin).host] }] }],
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
  await eventually(async () => {
    const [found] = await ask<{ value: [number, string] }>('query?query=talkie_store_up')
    return found?.value[1] === '1'
  })
  server.child.kill('SIGKILL')
  const killed_at = performance.now()
  await eventually(async () => {
    const alerts = await ask<{ state: string; labels: { alertname: string } }>('alerts')
    return alerts.some(({ state, labels }) => state === 'firing' && labels.alertname === 'TalkieDown')
  })
  t.ok(performance.now() - killed_at < 120_000)
})
