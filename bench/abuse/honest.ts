import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { type Attack, ask, openSocket } from './tools.js'
import { PASSWORD, PEOPLE, ROOMS } from './world.js'

type Attacks = Record<string, (attack: Attack) => Promise<unknown>>

const json = JSON.stringify

/** Counts what is refused: error frames, closed sockets, answers of 4xx. */
function watch(attack: Attack, socket: WebSocket | null) {
  const count = (what: string) => {
    attack.refused[what] = (attack.refused[what] ?? 0) + 1
  }
  if (!socket) return count('no socket')
  socket.on('close', code => attack.going() && count(`closed ${code}`))
  socket.on('message', data => {
    const frame = JSON.parse(data.toString()) as { type: string; code?: string }
    if (frame.type === 'error') count(frame.code as string)
  })
}

/** People and programs that must never meet a limit. */
export const honest: Attacks = {
  'honest: 50 rooms in three tabs, typing fast': async attack => {
    const sockets = await Promise.all([1, 2, 3].map(() => openSocket(attack.port, attack.token)))
    for (const socket of sockets) {
      watch(attack, socket)
      for (let i = 0; i < ROOMS; i++) socket?.send(json({ type: 'subscribe', room_id: `room-${i}`, after: 1 }))
    }
    for (let i = 0; attack.going(); i++) {
      const [socket] = sockets
      socket?.send(json({ type: 'typing', room_id: 'room-0', on: true }))
      if (i % 4 === 0) socket?.send(json({ type: 'send', room_id: 'room-0', client_id: randomUUID(), text: 'ㅋㅋㅋ' }))
      for (const each of sockets) each?.send(json({ type: 'read', room_id: 'room-0', seq: 200 + i }))
      await sleep(250)
    }
    for (const socket of sockets) socket?.terminate()
  },
  'honest: 200 people behind one address': async attack => {
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, async (_, i) => {
        await sleep(i * 25)
        const { status, body } = await ask(attack.port, 'POST', '/auth/login', {
          body: { username: `person-${i}`, password: PASSWORD },
        })
        if (status !== 200) attack.refused[`login ${status}`] = (attack.refused[`login ${status}`] ?? 0) + 1
        if (status !== 200) return null
        const socket = await openSocket(attack.port, JSON.parse(body).token)
        watch(attack, socket)
        socket?.send(json({ type: 'subscribe', room_id: `room-${i % ROOMS}` }))
        return socket
      }),
    )
    while (attack.going()) {
      for (const [i, socket] of people.entries()) {
        if (Math.random() < 0.1) {
          socket?.send(json({ type: 'send', room_id: `room-${i % ROOMS}`, client_id: randomUUID(), text: '안녕' }))
        }
      }
      await sleep(1000)
    }
    for (const socket of people) socket?.terminate()
  },
  'honest: the page after a restart, in three tabs': attack =>
    attack.loop(3, async () => {
      const paths = ['/', '/auth/me', '/rooms?mine=true&limit=100', '/rooms/default/messages', '/rooms/room-0/members']
      for (const path of paths) {
        const { status } = await ask(attack.port, 'GET', path, { token: attack.token })
        if (status !== 200) attack.refused[`${path} ${status}`] = (attack.refused[`${path} ${status}`] ?? 0) + 1
      }
      const socket = await openSocket(attack.port, attack.token)
      watch(attack, socket)
      for (let i = 0; i < ROOMS; i++) socket?.send(json({ type: 'subscribe', room_id: `room-${i}`, after: 150 }))
      await sleep(3000)
      socket?.removeAllListeners('close').terminate()
    }),
  'honest: a bot at 8 messages a second': async attack => {
    const socket = await openSocket(attack.port, attack.token)
    watch(attack, socket)
    for (; attack.going(); await sleep(125)) {
      socket?.send(json({ type: 'send', room_id: 'room-1', client_id: randomUUID(), text: 'build passed' }))
    }
    socket?.terminate()
  },
}
