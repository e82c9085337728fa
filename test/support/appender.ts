/**
 * A process that appends to an embedded store as fast as it can and prints each acknowledged event on a line, until it
 * is killed: `node appender.js FOLDER ROOMS`. Rejected appends are printed too, and retried.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '../../plugins/store/index.js'
import { openEmbedded } from '../../plugins/store/index.js'
import type { StoredEvent } from '../../schemas/event.js'

const print = (line: string) => process.stdout.write(`${line}\n`)

async function fill(store: Store, room_id: string) {
  let head = await store.readHead(room_id)
  for (;;) {
    const events = Array.from({ length: 1 + Math.floor(Math.random() * 5) }, (_, i): StoredEvent => {
      const client_id = randomUUID()
      return {
        room_id,
        seq: head + 1 + i,
        type: 'message',
        username: 'ann',
        client_id,
        created_at: new Date().toISOString(),
        text: `every ${client_id} ${'x'.repeat(200)}`,
      }
    })
    try {
      await store.append(room_id, head, events)
      head += events.length
      for (const { seq, client_id } of events) print(`ack ${room_id} ${seq} ${client_id}`)
    } catch (error) {
      print(`refused ${(error as { code?: string }).code}`)
      await wait(20)
      head = await store.readHead(room_id)
    }
  }
}

const [folder, rooms] = process.argv.slice(2) as [string, string]
try {
  const store = await openEmbedded(folder, { error: (_, message) => print(`log ${message}`) })
  print('open')
  for (let i = 0; i < Number(rooms); i++) void fill(store, `room-${i}`)
} catch (error) {
  print((error as Error).message)
  process.exitCode = 1
}
