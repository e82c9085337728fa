import fc from 'fast-check'
import { test } from 'tap'
import type { Note } from '../../../schemas/log-entry.js'
import type { Read, Reads } from '../../../schemas/read-counts.js'
import { countUnread, foldMembers, foldSeen, type ReadState, readReads } from '../../../static/page/text/read-counts.js'
import { repeat } from '../../support/repeat.js'

const USERS = ['ann', 'bob', 'cho', 'dan']

interface Server {
  seq: number
  messages: { id: number; username: string }[]
  notes: Note[]
  members: Map<string, number>
  /** Marks outlive a membership. */
  marks: Map<string, number>
}

interface Device {
  state: ReadState | null
  /** The events that have come. */
  seq: number
  /** An answer that is under way: as of when it was asked. */
  asked: Reads | null
  told: Read[]
  shown: Map<number, number>
}

const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), user: fc.nat(3), device: fc.nat(2) }) },
  fc.record({
    kind: fc.constantFrom(
      ...(['join', 'leave', 'read', 'read', 'hear', 'hear', 'ask', 'answer', 'tell', 'repeat', 'lose'] as const),
    ),
    user: fc.nat(3),
    device: fc.nat(2),
  }),
)

const marksOf = ({ members, marks }: Server): Read[] =>
  [...members.keys()].sort().map(username => ({ username, seq: marks.get(username) ?? 0 }))

test('on three devices, whatever is late, lost or repeated, a count only falls, and ends as a recount says', async t => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), acts => {
      const server: Server = {
        seq: 1,
        messages: [],
        notes: [],
        members: new Map([['ann', 1]]),
        marks: new Map([['ann', 1]]),
      }
      const devices: Device[] = [0, 1, 2].map(() => ({ state: null, seq: 1, asked: null, told: [], shown: new Map() }))
      let moved: Read[] = []

      const note = (type: string, member: string) =>
        server.notes.push({ type, seq: ++server.seq, username: member, created_at: '', member })
      function look(device: Device) {
        if (device.state === null) return
        const heard = foldMembers(
          device.state,
          server.notes.filter(({ seq }) => seq <= device.seq),
        )
        for (const message of server.messages) {
          if (message.id > device.seq) continue
          const count = countUnread(heard, message)
          const before = device.shown.get(message.id)
          if (count < 0 || (before !== undefined && count > before)) throw new Error(`${before} became ${count}`)
          device.shown.set(message.id, count)
        }
      }
      function answer(device: Device) {
        if (!device.asked) return
        // What a page shows begins with the newest page, which is loaded before.
        device.state = foldSeen(readReads(device.asked, device.state), device.told)
        device.asked = null
      }

      for (const { kind, user, device: number } of acts) {
        const username = USERS[user] as string
        const device = devices[number] as Device
        const is_member = server.members.has(username)
        if (kind === 'send' && is_member) server.messages.push({ id: ++server.seq, username })
        if (kind === 'join' && !is_member) {
          note('joined', username)
          server.members.set(username, server.seq)
          server.marks.set(username, server.seq)
        }
        if (kind === 'leave' && is_member && username !== 'ann') {
          note('left', username)
          server.members.delete(username)
        }
        if (kind === 'read' && is_member) {
          server.marks.set(username, server.seq)
          moved.push({ username, seq: server.seq })
        }
        if (kind === 'hear') device.seq = server.seq
        if (kind === 'ask') device.asked ??= { seq: server.seq, reads: marksOf(server) }
        if (kind === 'answer') answer(device)
        if (kind === 'tell' || kind === 'repeat') {
          for (const one of devices) {
            one.told.push(...moved)
            if (one.state) one.state = foldSeen(one.state, moved)
          }
          if (kind === 'tell') moved = []
        }
        if (kind === 'lose') moved = []
        for (const one of devices) look(one)
      }
      for (const device of devices) {
        device.seq = server.seq
        device.asked = { seq: server.seq, reads: marksOf(server) }
        answer(device)
        look(device)
        for (const { id, username } of server.messages) {
          const recount = marksOf(server).filter(read => read.seq < id && read.username !== username).length
          if (device.shown.get(id) !== recount) throw new Error(`${device.shown.get(id)} is not ${recount}`)
        }
      }
    }),
    { numRuns: repeat(3000, 300) },
  )
  t.end()
})
