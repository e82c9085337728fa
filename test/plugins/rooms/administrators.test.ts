import { test } from 'tap'
import { build } from '../../support/application.js'
import { addUsers } from '../../support/users.js'

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )

for (const change of [{ is_admin: false }, { blocked: true }]) {
  test(`an act that is under way when ${JSON.stringify(change)} is stored of its administrator is refused`, async t => {
    const app = await build(t)
    const { store, rooms, messages } = app
    await addUsers(app, 'owner', 'root', 'member')
    const { id } = await rooms.create('owner', { name: 'Lunch' })
    await rooms.addMember(id, 'owner', 'member')
    await rooms.mute(id, 'owner', 'member', {})
    const { id: invite } = await rooms.invite(id, 'owner', {})
    const { event } = await messages.send(id, 'owner', { client_id: 'said', text: 'lunch' })

    const acts = {
      ban: () => rooms.ban(id, 'root', 'member', {}),
      mute: () => rooms.mute(id, 'root', 'member', {}),
      unmute: () => rooms.unmute(id, 'root', 'member'),
      remove: () => rooms.removeMember(id, 'root', 'member'),
      invite: () => rooms.invite(id, 'root', {}),
      revoke: () => rooms.revokeInvite(id, 'root', invite),
      'delete a message': () => messages.remove(id, 'root', event.seq, 'delete'),
      'change the default room': () => rooms.change('default', 'root', { name: 'Plaza' }),
      'mute in the default room': () => rooms.mute('default', 'root', 'member', {}),
    }
    const heads = () => Promise.all([id, 'default'].map(room_id => store.readHead(room_id)))
    const readUser = store.readUser
    for (const [name, act] of Object.entries(acts)) {
      await store.changeAccount('root', { is_admin: true, blocked: false })
      const before = await heads()
      let isFirst = true
      store.readUser = async username => {
        const user = await readUser(username)
        // After the request has read the right, as another server would.
        if (username === 'root' && isFirst) {
          isFirst = false
          await store.changeAccount('root', change)
        }
        return user
      }
      t.match(await code(act()), /NOT_MODERATOR|NOT_OWNER|NOT_MEMBER|NOT_AUTHOR/, name)
      t.equal(isFirst, false)
      t.strictSame(await heads(), before, `${name}: nothing is stored`)
      store.readUser = readUser
    }
    await store.changeAccount('root', { is_admin: true, blocked: false })
    for (const [name, act] of Object.entries(acts)) {
      if (name !== 'unmute' && name !== 'remove')
        t.equal(await code(act()), 'done', `${name}, while it is an administrator`)
    }
  })
}
