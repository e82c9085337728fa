import fc from 'fast-check'
import { test } from 'tap'
import { foldRoom } from '../../../plugins/store/index.js'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

const USERS = ['minji', 'seojun', 'jiwoo']
const RUNS = 40

interface Model {
  members: Set<string>
  banned: Set<string>
  /** By the invitation's place in the order of creation: how many uses are left, 0 once it is revoked. */
  left: number[]
}

/** One step: what is done, by or to whom, and with which of the invitations. */
const steps = fc.array(
  fc.record({
    action: fc.constantFrom('invite', 'join', 'join', 'join', 'leave', 'ban', 'unban', 'revoke'),
    user: fc.constantFrom(...USERS),
    which: fc.nat({ max: 3 }),
    uses: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 5, maxLength: 40 },
)

test('whatever is done, joins, uses and the readers of the log agree with a model', async t => {
  const app = await build(t, { BUDGET_ACCOUNT_MS: '0' })
  await addUsers(app, 'owner', ...USERS)
  let runs = 0
  await fc.assert(
    fc.asyncProperty(steps, async steps => {
      const { id } = await app.rooms.create('owner', { name: `Room ${++runs}`, is_public: false })
      const model: Model = { members: new Set(), banned: new Set(), left: [] }
      const codes: string[] = []
      const ids: number[] = []
      for (const { action, user, which, uses } of steps) {
        const at = which % Math.max(1, codes.length)
        if (action === 'invite') {
          const made = await app.rooms.invite(id, 'owner', { max_uses: uses })
          codes.push(made.code)
          ids.push(made.id)
          model.left.push(uses)
        } else if (action === 'join' && codes.length > 0) {
          const left = model.left[at] as number
          const isMember = model.members.has(user)
          const expected = isMember
            ? 'done'
            : left === 0
              ? 'INVITATION_INVALID'
              : model.banned.has(user)
                ? 'BANNED'
                : 'done'
          const answer = await app.rooms.joinByInvite(codes[at] as string, user).then(
            () => 'done',
            (error: { code: string }) => error.code,
          )
          if (answer !== expected) throw new Error(`${user} joins: ${answer}, not ${expected}`)
          if (answer === 'done' && !isMember) {
            model.members.add(user)
            model.left[at] = left - 1
          }
        } else if (action === 'leave' && model.members.delete(user)) await app.rooms.leave(id, user)
        else if (action === 'ban') {
          await app.rooms.ban(id, 'owner', user, {})
          model.members.delete(user)
          model.banned.add(user)
        } else if (action === 'unban') {
          await app.rooms.unban(id, 'owner', user)
          model.banned.delete(user)
        } else if (action === 'revoke' && codes.length > 0) {
          await app.rooms.revokeInvite(id, 'owner', ids[at] as number)
          model.left[at] = 0
        }
      }
      const expected = ids.flatMap((id, n) => ((model.left[n] as number) > 0 ? [[id, model.left[n]]] : []))
      const leftOf = (invites: { id: number; max_uses?: number; uses: number }[] = []) =>
        invites.map(({ id, max_uses = 0, uses }) => [id, max_uses - uses])
      const agree = (what: string, found: unknown) => {
        if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(found)}`)
      }
      // One who reads the record, one who folds the log from its start, and one who reads the list.
      const record = await app.store.readRoom(id)
      agree('the record', leftOf(record?.invites))
      const log = await app.store.readEvents(id, { after: 0, limit: 1000 })
      if (record) agree('the log', leftOf(log.reduce(foldRoom, { ...record, indexed_seq: 0 }).invites))
      const { invites } = await app.rooms.invites(id, 'owner', { limit: 100 })
      agree('the list', leftOf(invites.filter(({ state }) => state === 'valid').reverse()))
      const members = (await app.store.listMembers(id, { limit: 10 })).map(({ username }) => username)
      const all = ['owner', ...model.members].toSorted()
      if (members.toSorted().join() !== all.join()) throw new Error(`members: ${members}, not ${all}`)
    }),
    { numRuns: RUNS },
  )
  t.equal(runs, RUNS)
})
