import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { prices } from '../../../plugins/budgets/index.js'
import { build, PASSWORD, register } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

/** Counts what an account pays beside its requests, until the returned function is called. */
function watch(app: FastifyInstance, username: string): () => number {
  const budget = app.budgets.ofAccount(username)
  const { turn } = budget
  let paid = 0
  budget.holders++
  budget.turn = cost_us => {
    paid += cost_us
    return null
  }
  return () => {
    budget.turn = turn
    budget.holders--
    return paid
  }
}

test('every change of a room, its members, roles, bans, mutes and settings is paid by the user who makes it', async t => {
  const app = await build(t)
  await addUsers(app, 'owner', 'member', 'other')
  const { id } = await app.rooms.create('owner', { name: 'Lunch' })
  const { append, login } = prices
  const changes: [price: number, by: string, change: () => Promise<unknown>][] = [
    [append, 'member', () => app.rooms.join(id, 'member', undefined)],
    [append, 'owner', () => app.rooms.addMember(id, 'owner', 'other')],
    [append, 'owner', () => app.rooms.setRole(id, 'owner', 'other', 'moderator')],
    [append, 'owner', () => app.rooms.mute(id, 'owner', 'other', {})],
    [append, 'owner', () => app.rooms.unmute(id, 'owner', 'other')],
    [append, 'owner', () => app.rooms.ban(id, 'owner', 'other', {})],
    [append, 'owner', () => app.rooms.unban(id, 'owner', 'other')],
    [append, 'owner', () => app.rooms.change(id, 'owner', { name: 'Dinner' })],
    [append + login, 'owner', () => app.rooms.change(id, 'owner', { password: 'open sesame' })],
    [append + login, 'other', () => app.rooms.join(id, 'other', 'open sesame')],
    [append, 'other', () => app.rooms.leave(id, 'other')],
    [append, 'owner', () => app.rooms.removeMember(id, 'owner', 'member')],
    [append + login, 'owner', () => app.rooms.create('owner', { name: 'Tea', password: 'open sesame' })],
    [append, 'owner', () => app.rooms.remove(id, 'owner')],
  ]
  for (const [price, by, change] of changes) {
    const paid = watch(app, by)
    await change()
    t.equal(paid(), price, String(change))
  }
})

test('ending all other sessions is paid for each of them', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const end = async () => {
    const paid = watch(app, 'minji')
    const answer = await app.inject({ method: 'DELETE', url: '/auth/sessions', headers })
    t.equal(answer.statusCode, 204)
    return paid()
  }
  const alone = await end()
  const payload = { username: 'minji', password: PASSWORD }
  for (let n = 0; n < 3; n++) await app.inject({ method: 'POST', url: '/auth/login', payload })
  t.equal((await end()) - alone, 3 * prices.ended_session)
})
