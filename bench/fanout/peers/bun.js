/** A chat room with Bun's server and its topics: `bun bun.js PORT`. */
import { Room } from './event.js'

const rooms = new Map()
const server = Bun.serve({
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  fetch(request, server) {
    if (server.upgrade(request, { data: {} })) return
    return new Response('not a WebSocket', { status: 400 })
  },
  websocket: {
    message(socket, data) {
      const frame = JSON.parse(data)
      if (frame.type === 'subscribe') {
        let room = rooms.get(frame.room_id)
        if (!room) {
          room = new Room()
          rooms.set(frame.room_id, room)
        }
        socket.data = { room, username: frame.username }
        socket.subscribe(frame.room_id)
        socket.send(JSON.stringify({ type: 'welcome', room_id: frame.room_id }))
      } else {
        const { room, username } = socket.data
        const { event, ack } = room.say(frame.room_id, username, frame)
        socket.send(JSON.stringify(ack))
        server.publish(frame.room_id, JSON.stringify(event))
      }
    },
  },
})
