/** A chat room with ws: `node ws.js PORT`. */
import { WebSocketServer } from 'ws'
import { Room } from './event.js'

const rooms = new Map()
const server = new WebSocketServer({ port: Number(process.argv[2]), host: '127.0.0.1' })

server.on('connection', socket => {
  let room
  let username
  socket.on('message', data => {
    const frame = JSON.parse(data)
    if (frame.type === 'subscribe') {
      room = rooms.get(frame.room_id)
      if (!room) {
        room = Object.assign(new Room(), { sockets: new Set() })
        rooms.set(frame.room_id, room)
      }
      room.sockets.add(socket)
      username = frame.username
      socket.send(JSON.stringify({ type: 'welcome', room_id: frame.room_id }))
    } else {
      const { event, ack } = room.say(frame.room_id, username, frame)
      socket.send(JSON.stringify(ack))
      const text = JSON.stringify(event)
      for (const member of room.sockets) member.send(text)
    }
  })
  socket.on('close', () => room?.sockets.delete(socket))
  socket.on('error', () => socket.terminate())
})
