import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Attack, drive, open, openSocket } from './tools.js'
import { ROOMS } from './world.js'

type Attacks = Record<string, (attack: Attack) => Promise<unknown>>

const KIB_64 = 64 * 1024 - 200
const room = (i: number) => `room-${i % ROOMS}`
const json = JSON.stringify
const subscribe = (room_id: string, after?: number, merge_reactions = false) =>
  json({
    type: 'subscribe',
    room_id,
    ...(after !== undefined && { after }),
    ...(merge_reactions && { merge_reactions }),
  })

const frames =
  (sockets: number, text: string): Attacks[string] =>
  attack =>
    drive(attack, sockets, 48, socket => socket.send(text))

/** A text frame of a client, masked with zeros. */
function rawFrame(opcode: number, fin: boolean, payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8)
  head[0] = (fin ? 0x80 : 0) | opcode
  if (payload.length < 126) head[1] = 0x80 | payload.length
  else {
    head[1] = 0x80 | 126
    head.writeUInt16BE(payload.length, 2)
  }
  return Buffer.concat([head, payload])
}

/** A raw connection on which the handshake was done. */
async function raw(attack: Attack) {
  const socket = open(attack.port)
  socket.write(
    `GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nauthorization: Bearer ${attack.token}\r\n\r\n`,
  )
  await new Promise(resolve => socket.once('data', resolve).once('close', resolve))
  return socket
}

/** WebSockets of one account. */
export const overSockets: Attacks = {
  'deep JSON, 1 socket': frames(1, `{"type":"send","x":${'['.repeat(KIB_64 / 2)}${']'.repeat(KIB_64 / 2)}}`),
  'deep JSON, 10 sockets': frames(10, `{"type":"send","x":${'['.repeat(KIB_64 / 2)}${']'.repeat(KIB_64 / 2)}}`),
  'wide JSON, 10 sockets': frames(10, `{"type":"send","x":[${'{},'.repeat(KIB_64 / 3 - 10)}0]}`),
  'many keys, 10 sockets': frames(10, `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":0`).join()},"type":"ping"}`),
  'frames that are no JSON': frames(10, '{'.repeat(KIB_64)),
  'mentions of many, 10 sockets': attack =>
    drive(attack, 10, 48, socket =>
      socket.send(
        json({
          type: 'send',
          room_id: 'default',
          client_id: randomUUID(),
          text: Array.from({ length: 190 }, (_, n) => `@user-${n}`).join(' '),
        }),
      ),
    ),
  'backticks and names, 10 sockets': attack =>
    drive(attack, 10, 48, socket =>
      socket.send(json({ type: 'send', room_id: 'default', client_id: randomUUID(), text: '@a` '.repeat(500) })),
    ),
  'tiny frames in large writes': attack =>
    attack.loop(10, async () => {
      const socket = await raw(attack)
      socket.resume()
      const pings = Buffer.concat(Array(2000).fill(rawFrame(1, true, Buffer.from('{"type":"ping"}'))))
      for (; attack.going() && !socket.destroyed; await sleep(5)) if (!socket.writableNeedDrain) socket.write(pings)
      socket.destroy()
    }),
  'protocol pings in large writes': attack =>
    attack.loop(10, async () => {
      const socket = await raw(attack)
      const pings = Buffer.concat(Array(5000).fill(rawFrame(9, true, Buffer.alloc(0))))
      for (; attack.going() && !socket.destroyed; await sleep(5)) if (!socket.writableNeedDrain) socket.write(pings)
      socket.destroy()
    }),
  'a message of 16,000 fragments': attack =>
    attack.loop(50, async () => {
      const socket = await raw(attack)
      socket.write(rawFrame(1, false, Buffer.from('{')))
      socket.write(Buffer.concat(Array(16_000).fill(rawFrame(0, false, Buffer.from(' ')))))
      while (attack.going() && !socket.destroyed) await sleep(100)
      socket.destroy()
    }),
  'read marks that do not move': attack =>
    drive(attack, 50, 48, socket => socket.send(json({ type: 'read', room_id: 'default', seq: 1 }))),
  'read marks that move': attack =>
    drive(attack, 50, 48, (socket, tick) => socket.send(json({ type: 'read', room_id: 'default', seq: tick + 1 }))),
  'reactions on and off': attack =>
    drive(attack, 10, 48, (socket, tick) => {
      const what = { id: 2 + (tick % 50), emoji: tick % 3 === 0 ? '👍' : '🎉', on: tick % 2 === 0 }
      socket.send(json({ type: 'react', room_id: 'default', client_id: randomUUID(), ...what }))
    }),
  'typing on and off': attack =>
    drive(attack, 50, 48, (socket, tick) => {
      if (tick === 0) socket.send(subscribe('default'))
      socket.send(json({ type: 'typing', room_id: 'default', on: tick % 2 === 0 }))
    }),
  'resume from the start in a loop': attack => drive(attack, 10, 48, socket => socket.send(subscribe('default', 1100))),
  'resume with merged reactions in a loop': attack =>
    drive(attack, 10, 48, socket => socket.send(subscribe('default', 1, true))),
  'subscribe and unsubscribe in a loop': attack =>
    drive(attack, 10, 24, (socket, tick) => {
      socket.send(subscribe(room(tick)))
      socket.send(json({ type: 'unsubscribe', room_id: room(tick) }))
    }),
  'connect and close in a loop': attack =>
    attack.loop(20, async () => (await openSocket(attack.port, attack.token))?.terminate()),
  'sends at the limit, edits and deletions': attack =>
    drive(attack, 10, 40, socket =>
      socket.send(json({ type: 'send', room_id: 'default', client_id: randomUUID(), text: '가'.repeat(2000) })),
    ),
  'sockets that never read': attack =>
    attack.loop(50, async () => {
      const socket = await openSocket(attack.port, attack.token)
      if (!socket) return sleep(100)
      socket.pause()
      for (let i = 0; i < 4; i++) socket.send(subscribe('default', 1100))
      for (; attack.going() && socket.readyState === WebSocket.OPEN; await sleep(25)) socket.send('{"type":"x"}')
      socket.terminate()
    }),
}
