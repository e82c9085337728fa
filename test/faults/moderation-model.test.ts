import fc from 'fast-check'
import { test } from 'tap'
import { Room } from '../../bench/faults/room.js'
import { rules } from '../../bench/faults/rules.js'
import { noteTypes } from '../../schemas/event-types.js'
import { build, register } from '../support/application.js'
import { repeat } from '../support/repeat.js'
import { connect, listen } from '../support/socket.js'
import { addUsers } from '../support/users.js'

const PEOPLE = ['ann', 'bob', 'cho', 'dan'] as const
const ACTS = [
  'say',
  'join',
  'leave',
  'add',
  'remove',
  'ban',
  'unban',
  'mute',
  'unmute',
  'appoint',
  'dismiss',
  'own',
] as const
const person = fc.constantFrom(...PEOPLE)
const command = fc.oneof(
  fc.record({ act: fc.constantFrom(...ACTS), by: person, to: person, value: fc.constant(0) }),
  fc.record({ act: fc.constantFrom('describe', 'limit', 'password'), by: person, to: person, value: fc.nat(3) }),
)

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** Refusals that the rules allow; every other error fails the test. */
const REFUSED = new Set([
  ...['NOT_MEMBER', 'NOT_OWNER', 'NOT_MODERATOR', 'MEMBER_NOT_FOUND', 'OWNER_CANNOT_LEAVE', 'BANNED', 'MUTED'],
  ...['ROOM_FULL', 'ROOM_PASSWORD_WRONG'],
])

test('the log, an observer, a resumer, pages and lists agree on members, roles, bans, mutes and settings', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const watcher = await register(app, 'watcher')
  await addUsers(app, ...PEOPLE)
  let rooms = 0

  async function run(id: string, commands: Command[]) {
    let said = 0
    for (const { act, by, to, value } of commands) {
      const acts: Record<string, () => Promise<unknown>> = {
        say: () => app.messages.send(id, by, { client_id: `c${said++}`, text: 'hello' }),
        join: () => app.rooms.join(id, by, undefined),
        leave: () => app.rooms.leave(id, by),
        add: () => app.rooms.addMember(id, by, to),
        remove: () => app.rooms.removeMember(id, by, to),
        ban: () => app.rooms.ban(id, by, to, {}),
        unban: () => app.rooms.unban(id, by, to),
        mute: () => app.rooms.mute(id, by, to, {}),
        unmute: () => app.rooms.unmute(id, by, to),
        appoint: () => app.rooms.setRole(id, by, to, 'moderator'),
        dismiss: () => app.rooms.setRole(id, by, to, 'member'),
        own: () => app.rooms.change(id, by, { owner: to }),
        describe: () => app.rooms.change(id, by, { description: `about ${value}` }),
        limit: () => app.rooms.change(id, by, { max_members: value * 3 }),
        password: () => app.rooms.change(id, by, { password: value === 0 ? 'open sesame' : null }),
      }
      await (acts[act] as () => Promise<unknown>)().catch(error => {
        if (!REFUSED.has(error.code)) throw error
      })
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 15, maxLength: 50, size: 'max' }), async commands => {
      const { id } = await app.rooms.create('ann', { name: `Room ${++rooms}` })
      await app.rooms.join(id, 'watcher', undefined)
      const observer = await connect(t, origin, `/rooms/${id}/ws`, watcher.token)
      await observer.next('welcome')
      await run(id, commands)

      const log = await app.store.readEvents(id, { after: 0, limit: 1000 })
      const room = new Room(id)
      for (const event of log) {
        const rule = rules[event.type]
        if (!rule?.isLegal(room, event)) throw new Error(`not allowed: ${JSON.stringify(event)}`)
        rule.apply(room, event)
        room.head = event.seq
      }
      const resumer = await connect(t, origin, `/rooms/${id}/ws?after=2`, watcher.token)
      const seqsOf = async (socket: typeof observer) => {
        while (!socket.frames.some(({ seq, type }) => seq === room.head && type !== 'welcome') && room.head > 2) {
          await new Promise(resolve => setTimeout(resolve, 2))
        }
        return socket.frames.filter(({ seq, type }) => seq && type !== 'welcome')
      }
      const [live, resumed] = [await seqsOf(observer), await seqsOf(resumer)]
      const expected = log.slice(2).map(({ seq, type }) => [seq, type])
      t.strictSame(
        live.map(({ seq, type }) => [seq, type]),
        expected,
        'the observer',
      )
      t.strictSame(resumed, live, 'the resumer')
      observer.ws.close()
      resumer.ws.close()

      const { notes = [] } = await app.messages.page(id, 'watcher', { limit: 100 })
      const noted = log.filter(({ type }) => noteTypes.includes(type)).slice(-100)
      t.strictSame(
        notes.map(({ seq, type, username }) => [seq, type, username]),
        noted.map(({ seq, type, username }) => [seq, type, username]),
        'the pages',
      )
      const { members } = await app.rooms.members(id, 'watcher', {})
      t.strictSame(members.map(({ username }) => username).sort(), room.members().sort(), 'the members')
      for (const { username, role, muted } of members) {
        const isOwner = room.owner.last === username
        t.equal(role, isOwner ? 'owner' : room.moderatorOf(username).last ? 'moderator' : 'member', 'the roles')
        t.equal(muted !== undefined, room.muteOf(username).last, 'the mutes')
      }
      const { bans } = await app.rooms.bans(id, room.owner.last, {})
      const banned = PEOPLE.filter(name => room.banOf(name).last)
      t.strictSame(bans.map(({ username }) => username).sort(), banned, 'the bans')
      const { description = '', max_members = 0, has_password = false } = room.settings.last
      t.match(await app.rooms.get(id, 'watcher'), { description, max_members, has_password, owner: room.owner.last })
    }),
    { numRuns: repeat(100, 8) },
  )
})
