/**
 * The limit: `node tcp.js PORT`. The same bytes to the same sockets, and nothing else: frames come ready to be written, and
 * what came for a room in one turn of the event loop leaves in one write a socket, acks included.
 */
import { createServer } from 'node:net'

const HEADER = 4
/** One frame's bytes, header included, with a length of two bytes. */
function frame(payload) {
  const bytes = Buffer.from(`\x81\x7e\0\0${payload}`, 'latin1')
  bytes.writeUInt16BE(payload.length, 2)
  return bytes
}
const WELCOME = frame('{"type":"welcome"}')
/** As long as our server's ack. */
const ACK = frame(
  '{"type":"ack","client_id":"fanout-00000000","room_id":"room-0000000000000","seq":1000,"created_at":"2026-01-01T00:00:00.000Z"}',
)
const rooms = new Map()

class Room {
  sockets = new Set()
  frames = []
  /** How many acks each sender is owed. */
  acks = new Map()

  add(socket, bytes) {
    if (this.frames.push(bytes) === 1) setImmediate(() => this.flush())
    this.acks.set(socket, (this.acks.get(socket) ?? 0) + 1)
  }

  flush() {
    const frames = Buffer.concat(this.frames)
    for (const socket of this.sockets) {
      const acks = this.acks.get(socket)
      socket.write(acks ? Buffer.concat([...Array(acks).fill(ACK), frames]) : frames)
    }
    this.frames = []
    this.acks.clear()
  }
}

const server = createServer({ noDelay: true }, socket => {
  let rest = null
  let room
  socket.on('data', chunk => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (at + HEADER <= bytes.length) {
      const end = at + HEADER + bytes.readUInt16BE(at + 2)
      if (end > bytes.length) break
      if (room) room.add(socket, bytes.subarray(at, end))
      else {
        const id = bytes.toString('latin1', at + HEADER, end)
        room = rooms.get(id)
        if (!room) {
          room = new Room()
          rooms.set(id, room)
        }
        room.sockets.add(socket)
        socket.write(WELCOME)
      }
      at = end
    }
    rest = at === bytes.length ? null : bytes.subarray(at)
  })
  socket.on('close', () => room?.sockets.delete(socket))
  socket.on('error', () => socket.destroy())
})
server.listen(Number(process.argv[2]), '127.0.0.1')
