import { once } from 'node:events'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { listen } from '../../support/socket.js'

/** The three metrics of budgets, by their names and labels. */
async function figures(fastify: FastifyInstance): Promise<Record<string, number>> {
  const lines = (await fastify.metrics.metrics()).matchAll(/^(talkie_budget_\S+) (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

test('the metrics say how much work waits for its budget, had to wait, and was refused, of accounts and addresses', async t => {
  const fastify = await build(t)
  t.same(await figures(fastify), {
    'talkie_budget_waiting{payer="account"}': 0,
    'talkie_budget_waiting{payer="address"}': 0,
    'talkie_budget_delayed_total{payer="account"}': 0,
    'talkie_budget_delayed_total{payer="address"}': 0,
    'talkie_budget_refused_total{payer="account",kind="request"}': 0,
    'talkie_budget_refused_total{payer="account",kind="connection"}': 0,
    'talkie_budget_refused_total{payer="account",kind="line"}': 0,
    'talkie_budget_refused_total{payer="address",kind="request"}': 0,
    'talkie_budget_refused_total{payer="address",kind="connection"}': 0,
    'talkie_budget_refused_total{payer="address",kind="line"}': 0,
  })
  const { headers } = await register(fastify, 'minji')
  const account = fastify.budgets.ofAccount('minji')
  const ask = () => fastify.inject({ url: '/auth/me', headers })

  // Over its pace: it waits for about 0.1 s.
  account.charge(30_000)
  const delayed = ask()
  await eventually(async () => (await figures(fastify))['talkie_budget_waiting{payer="account"}'] === 1)
  t.equal((await delayed).statusCode, 200)
  const after = await figures(fastify)
  t.equal(after['talkie_budget_waiting{payer="account"}'], 0)
  t.equal(after['talkie_budget_delayed_total{payer="account"}'], 1)
  t.equal(after['talkie_budget_delayed_total{payer="address"}'], 0)

  // Nothing left.
  account.charge(4_000_000)
  t.equal((await ask()).statusCode, 429)
  t.equal((await figures(fastify))['talkie_budget_refused_total{payer="account",kind="request"}'], 1)

  const { port } = new URL(await listen(fastify))
  fastify.budgets.ofAddress('127.0.0.1').charge(4_000_000)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'close')
  t.equal((await figures(fastify))['talkie_budget_refused_total{payer="address",kind="connection"}'], 1)
  t.equal((await figures(fastify))['talkie_budget_refused_total{payer="account",kind="connection"}'], 0)

  const bob = fastify.budgets.ofAccount('bob')
  bob.charge(1_000_000)
  for (let n = 0; n < 2000; n++) void bob.turn(1)
  await t.rejects(bob.turn(1) ?? Promise.resolve())
  t.equal((await figures(fastify))['talkie_budget_refused_total{payer="account",kind="line"}'], 1)
})
