/** A chat room with Socket.IO: `node socket.io.js PORT`. */
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { Room } from './event.js'

const rooms = new Map()
const http = createServer()
const io = new Server(http)

io.on('connection', socket => {
  let room
  let room_id
  let username
  socket.on('join', (id, name, done) => {
    room_id = id
    username = name
    room = rooms.get(room_id)
    if (!room) {
      room = new Room()
      rooms.set(room_id, room)
    }
    socket.join(room_id)
    done()
  })
  socket.on('send', (message, done) => {
    const { event, ack } = room.say(room_id, username, message)
    done(ack)
    io.to(room_id).emit('message', event)
  })
})
http.listen(Number(process.argv[2]), '127.0.0.1')
