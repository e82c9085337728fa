import type { Connection } from '../../client/index.js'

/** Read marks are gathered this long before they are sent, ms. */
const READ_MS = 300

/** Read marks that wait to be sent, the newest of each room. They are kept while the connection cannot send. */
export function createReadMarks(connection: Connection) {
  const marks = new Map<string, number>()

  function flush() {
    const { name } = connection.state
    if (name !== 'open' && name !== 'over_http') return
    for (const [room_id, seq] of marks) connection.read(room_id, seq)
    marks.clear()
  }

  return {
    add(room_id: string, seq: number) {
      if (marks.size === 0) setTimeout(flush, READ_MS)
      marks.set(room_id, seq)
    },
    flush,
  }
}
