import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Attack, ask, open } from './tools.js'

type Attacks = Record<string, (attack: Attack) => Promise<unknown>>

const get = (path: string, token?: string) =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\n${token ? `authorization: Bearer ${token}\r\n` : ''}\r\n`

/** Ten connections that send `text` in one write and never read; a new one for each that is closed. */
const pipelined = (text: string) => (attack: Attack) =>
  attack.loop(10, async () => {
    const socket = open(attack.port)
    socket.pause()
    socket.write(text)
    while (attack.going() && !socket.destroyed) await sleep(20)
    socket.destroy()
    await sleep(1)
  })

const login = JSON.stringify({ username: 'nobody', password: 'wrong horse battery' })
const posted = `POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${login.length}\r\n\r\n${login}`

/** Connections without an account. */
export const withoutAccount: Attacks = {
  'pipelined /metrics': pipelined(get('/metrics').repeat(1600)),
  'pipelined /health': pipelined(get('/health').repeat(1600)),
  'pipelined page': pipelined(get('/').repeat(1600)),
  'pipelined 404': pipelined(get('/nothing/here').repeat(1600)),
  'pipelined POST /auth/login': pipelined(posted.repeat(400)),
  'pipelined, read': attack =>
    attack.loop(10, async () => {
      const socket = open(attack.port)
      socket.resume()
      while (attack.going() && !socket.destroyed) {
        socket.write(get('/metrics').repeat(4))
        await sleep(2)
      }
      socket.destroy()
    }),
  'requests in a loop': attack => attack.loop(10, () => ask(attack.port, 'GET', '/docs/openapi.yaml')),
  'broken paths': attack =>
    attack.loop(10, async lane =>
      ask(attack.port, 'GET', ['/assets/../x', '/assets/%00', '/assets/..%5cx'][lane % 3] as string),
    ),
  'bad tokens': attack => attack.loop(10, () => ask(attack.port, 'GET', '/auth/me', { token: `${attack.token}x` })),
  'dripped heads and bodies': attack =>
    attack.loop(10, async lane => {
      const socket = open(attack.port)
      socket.write(
        lane % 2 ? 'POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n' : 'GET / HTTP/1.1\r\n',
      )
      for (; attack.going() && !socket.destroyed; await sleep(20)) socket.write(lane % 2 ? ' ' : 'x: y\r\n')
      socket.destroy()
    }),
  '3,000 silent connections': async attack => {
    const sockets = Array.from({ length: 3000 }, () => open(attack.port))
    while (attack.going()) await sleep(100)
    for (const socket of sockets) socket.destroy()
  },
  'upgrades of any route': attack =>
    attack.loop(10, async () => {
      const socket = open(attack.port)
      socket.resume()
      socket.write(
        'GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      )
      await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(1000)]).catch(() => {})
      socket.destroy()
    }),
  'guesses of invitations': attack =>
    attack.loop(10, lane =>
      ask(attack.port, 'POST', '/invites/look', { body: { code: `${lane % 2 ? 'default' : 'nowhere'}.${lane}` } }),
    ),
  'logins, 20 a second': attack =>
    attack.loop(10, async () => {
      await ask(attack.port, 'POST', '/auth/login', { body: { username: 'nobody', password: 'wrong horse' } })
      await sleep(500)
    }),
}

const page = '/rooms/default/messages?limit=100'
const search = (q: string) => `/rooms/default/messages/search?q=${encodeURIComponent(q)}`

/** Requests of one account. */
export const withAccount: Attacks = {
  'pipelined history, unread': attack => pipelined(get(page, attack.token).repeat(100))(attack),
  'history at 1 KB/s': attack =>
    attack.loop(12, async () => {
      const socket = open(attack.port)
      socket.pause()
      socket.write(get(page, attack.token).repeat(4))
      for (; attack.going() && !socket.destroyed; await sleep(100)) socket.read(100)
      socket.destroy()
    }),
  'history in a loop': attack => attack.loop(20, () => ask(attack.port, 'GET', page, { token: attack.token })),
  'room list in a loop': attack => attack.loop(20, () => ask(attack.port, 'GET', '/rooms', { token: attack.token })),
  'mentions in a loop': attack =>
    attack.loop(20, () => ask(attack.port, 'GET', '/mentions?limit=100', { token: attack.token })),
  'read marks of all members in a loop': attack =>
    attack.loop(20, lane => ask(attack.port, 'GET', `/rooms/room-${lane}/reads`, { token: attack.token })),
  'reactions over HTTP in a loop': attack =>
    attack.loop(20, lane => {
      const body = { emoji: lane % 2 ? '👍' : '🎉', on: lane % 3 === 0 }
      return ask(attack.port, 'PUT', `/rooms/default/messages/${2 + lane}/reactions`, { token: attack.token, body })
    }),
  'versions of a message in a loop': attack =>
    attack.loop(20, () => ask(attack.port, 'GET', '/rooms/default/messages/2/versions', { token: attack.token })),
  'direct conversations in a loop': attack =>
    attack.loop(20, async lane => {
      const usernames = Array.from({ length: 9 }, (_, n) => `person-${(lane * 9 + n) % 100}`)
      await ask(attack.port, 'POST', '/direct', { token: attack.token, body: { usernames } })
      await ask(attack.port, 'GET', '/direct', { token: attack.token })
    }),
  'blocking in a loop': attack =>
    attack.loop(20, async lane => {
      const path = `/users/me/blocks/person-${lane}`
      await ask(attack.port, 'PUT', path, { token: attack.token })
      await ask(attack.port, 'DELETE', path, { token: attack.token })
    }),
  'administration without the right, in a loop': attack =>
    attack.loop(10, async lane => {
      await ask(attack.port, 'GET', '/admin/users?q=person', { token: attack.token })
      await ask(attack.port, 'PUT', `/admin/users/person-${lane}/block`, { token: attack.token })
    }),
  'password changes, 20 a second': attack =>
    attack.loop(10, async () => {
      const body = { current_password: 'wrong horse', new_password: 'correct horse battery' }
      await ask(attack.port, 'PUT', '/users/me/password', { token: attack.token, body })
      await sleep(500)
    }),
  'ending all other sessions in a loop': attack =>
    attack.loop(10, () => ask(attack.port, 'DELETE', '/auth/sessions', { token: attack.token })),
  'joins by guessed invitations': attack =>
    attack.loop(10, lane =>
      ask(attack.port, 'POST', '/invites/join', { token: attack.token, body: { code: `nowhere.${lane}` } }),
    ),
  'exports in a loop': attack =>
    attack.loop(10, () => ask(attack.port, 'GET', '/users/me/export', { token: attack.token })),
  'joining and leaving in a loop': attack =>
    attack.loop(10, async lane => {
      await ask(attack.port, 'POST', `/rooms/room-${lane}/leave`, { token: attack.token })
      await ask(attack.port, 'POST', `/rooms/room-${lane}/join`, { token: attack.token, body: {} })
    }),
  'settings, bans and mutes in a loop': async attack => {
    const { token } = attack
    const made = await ask(attack.port, 'POST', '/rooms', { token, body: { name: 'Own' } })
    const path = `/rooms/${/"id":"(\w+)"/.exec(made.body)?.[1]}`
    await attack.loop(10, async lane => {
      await ask(attack.port, 'PATCH', path, { token, body: { name: `Own ${lane}`, password: 'open sesame' } })
      await ask(attack.port, 'PUT', `${path}/bans/person-${lane}`, { token, body: {} })
      await ask(attack.port, 'PUT', `${path}/mutes/person-${lane}`, { token, body: {} })
    })
  },
  'search without hits, 4 at once': attack =>
    attack.loop(4, () => ask(attack.port, 'GET', search('가나다'), { token: attack.token })),
  'search without hits, 10 at once': attack =>
    attack.loop(10, () => ask(attack.port, 'GET', search('가나다'), { token: attack.token })),
}
