import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Store } from '../../plugins/store/index.js'
import type { Command } from './command.js'
import { writeRoom } from './room-file.js'
import { withStore } from './store.js'

const PAGE = 500

export const roomExport: Command = {
  summary: 'Writes the log of a room as lines of JSON',
  operands: 'ROOM [FILE]',
  help: `ROOM is a room's id. Without FILE the lines go to standard output. A FILE must be new, and only its owner may read it:
it holds everything that was said, and the hash of the room's password where it has one. With the embedded store the
server must be stopped.`,
  async run([room_id = '', file], _values, { env, output, say }) {
    return withStore(env, async ({ store }) => {
      const room = await store.readRoom(room_id)
      if (room === null || room.deleted) throw new Error(`There is no room ${room_id}`)
      const lines = Readable.from(writeRoom(readLog(store, room_id)))
      if (file === undefined) {
        await pipeline(lines, output, { end: false })
        return undefined
      }
      const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
      try {
        await pipeline(lines, target)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(file, { force: true })
        throw error
      }
      say(`${file}: room ${room_id} (${room.name})`)
      return undefined
    })
  },
}

/** To where the log ends when all is read: a text that is empty already has its deletion behind it. */
async function* readLog(store: Store, room_id: string) {
  for (let after = 0; ; ) {
    const page = await store.readEvents(room_id, { after, limit: PAGE })
    if (page.length === 0) return
    yield page
    after = page.at(-1)?.seq as number
  }
}
