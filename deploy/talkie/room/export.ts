import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Store } from '../../../plugins/store/index.js'
import type { Command } from '../command.js'
import { checkFileIsNew } from '../files.js'
import { withStore } from '../store.js'
import { writeRoom } from './file.js'

const PAGE = 500

export const roomExport: Command = {
  summary: 'Export a room as JSON lines',
  operands: 'ROOM [FILE]',
  help: `ROOM is the room's id. Without FILE, the lines are written to standard output. FILE must not exist yet; only its owner can
read it, because it contains all messages and, if the room has a password, its hash.
Servers can keep running.`,
  async run([room_id = '', file], _values, { env, output, print }) {
    if (file !== undefined) checkFileIsNew(file)
    return withStore(env, async ({ store }) => {
      const room = await store.readRoom(room_id)
      if (room === null || room.deleted) throw new Error(`Room not found: ${room_id}`)
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
      print(`Exported room ${room_id} (${room.name}) to ${file}`)
      return undefined
    })
  },
}

/** Reads until the end of the log, so that the deletion of every message whose text is already empty is included. */
async function* readLog(store: Store, room_id: string) {
  for (let after = 0; ; ) {
    const page = await store.readEvents(room_id, { after, limit: PAGE })
    if (page.length === 0) return
    yield page
    after = page.at(-1)?.seq as number
  }
}
