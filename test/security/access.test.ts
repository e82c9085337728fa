import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { type Test, test } from 'tap'
import { clientFrames } from '../../schemas/frame.js'
import { closeCodes } from '../../schemas/wire.js'
import { build, PASSWORD, register } from '../support/application.js'
import { connect, listen } from '../support/socket.js'

/** What a route wants of the user who asks. A route that is in none of these fails the test. */
const classes = {
  /** Anyone may ask, without a session. */
  open: [
    ...[
      '/',
      '/i',
      '/r/',
      '/browse',
      '/administration',
      '/reset',
      '/assets/',
      '/favicon.ico',
      '/worker.js',
      '/docs',
      '/metrics',
    ],
    ...['/health', '/ready', '/auth/register', '/auth/registration', '/auth/login', '/auth/reset', '/auth/logout'],
    // What an invitation says, for those who are about to sign up.
    '/invites/look',
  ],
  /** A member, as of the answer. */
  room: ['/rooms/:id'],
  administrator: ['/admin/'],
  /** A user, about what is the user's own. */
  user: ['/auth/', '/users/', '/direct', '/invites/', '/mentions', '/messages/', '/rooms', '/ws'],
}
type Class = keyof typeof classes

/** Routes of a public room that everybody may use who is not banned from it. */
const ofPublicRooms = ['GET /rooms/:id', 'GET /rooms/:id/preview', 'POST /rooms/:id/join']
/** Refusals that say that the user may not, before anything of the room is looked at. */
const refusals = ['ROOM_NOT_FOUND', 'NOT_MEMBER', 'NOT_MODERATOR', 'NOT_OWNER', 'BANNED']

/** The longest prefix decides. */
function classOf(url: string): Class | undefined {
  const matches = Object.entries(classes).flatMap(([name, prefixes]) =>
    prefixes
      .filter(prefix => (prefix === '/' ? url === '/' : url.startsWith(prefix)))
      .map(prefix => ({ name: name as Class, length: prefix.length })),
  )
  return matches.sort((a, b) => b.length - a.length)[0]?.name
}

/** A value that a schema allows, of its examples where it has some. */
function sample(schema: TSchema, known: Record<string, unknown>, name = ''): unknown {
  if (name in known) return known[name]
  if (schema.const !== undefined) return schema.const
  if (schema.examples?.length > 0) return schema.examples[0]
  if (schema.enum) return schema.enum[0]
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return sample(choices[0], known)
  if (schema.type === 'object') {
    const needed = Object.keys(schema.properties ?? {}).filter(key => schema.required?.includes(key))
    const keys = needed.length === 0 ? Object.keys(schema.properties ?? {}).slice(0, schema.minProperties ?? 0) : needed
    return Object.fromEntries(keys.map(key => [key, sample(schema.properties[key], known, key)]))
  }
  if (schema.type === 'array') return [sample(schema.items, known)]
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  return 'x'.repeat(Math.max(1, schema.minLength ?? 1))
}

interface Route {
  method: 'GET'
  url: string
  schema: { body?: TSchema; querystring?: TSchema }
}

interface Scene {
  app: FastifyInstance
  origin: string
  routes: Route[]
  /** The id of the message with the secret. */
  id: number
  private_id: string
  public_id: string
  /** The owner, and a user of each kind that has lost access. */
  users: Record<'owner' | 'removed' | 'banned' | 'out' | 'deleted' | 'blocked', { username: string; token: string }>
}

const SECRET = 'walnut'
const ofToken = (token: string) => ({ authorization: `Bearer ${token}` })

async function scene(t: Test): Promise<Scene> {
  const routes: Route[] = []
  const app = await build(
    t,
    { LOG_LEVEL: 'silent' },
    {
      before: fastify => {
        fastify.addHook('onRoute', ({ method, url, schema = {} }: RouteOptions) => {
          for (const one of [method].flat())
            if (one !== 'HEAD') routes.push({ method: one as 'GET', url, schema: schema as Route['schema'] })
        })
      },
    },
  )
  const origin = await listen(app)
  const owner = await register(app, 'minji')
  const others = []
  for (const username of ['removed', 'banned', 'out', 'deleted', 'blocked']) others.push(await register(app, username))
  const [removed, banned, out, deleted, blocked] = others as [
    typeof owner,
    typeof owner,
    typeof owner,
    typeof owner,
    typeof owner,
  ]
  const ask = async (headers: object, method: string, url: string, payload?: object) => {
    const answer = await app.inject({
      method: method as 'GET',
      url,
      headers: { ...headers },
      ...(payload && { payload }),
    })
    if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`)
    return answer.body === '' ? {} : answer.json()
  }
  const ids: string[] = []
  for (const is_public of [false, true]) {
    const { id } = await ask(owner.headers, 'POST', '/rooms', { name: `Room ${is_public}`, is_public })
    for (const { username } of others) await ask(owner.headers, 'PUT', `/rooms/${id}/members/${username}`)
    await ask(owner.headers, 'POST', `/rooms/${id}/messages`, { client_id: 'secret', text: SECRET })
    await ask(owner.headers, 'POST', `/rooms/${id}/invites`, {})
    await ask(owner.headers, 'DELETE', `/rooms/${id}/members/removed`)
    await ask(owner.headers, 'PUT', `/rooms/${id}/bans/banned`, {})
    ids.push(id)
  }
  const [private_id, public_id] = ids as [string, string]
  await ask(out.headers, 'POST', '/auth/logout')
  await ask(deleted.headers, 'DELETE', '/users/me', { password: PASSWORD, messages: 'keep' })
  await ask(owner.headers, 'PUT', '/admin/users/blocked/block')
  const { messages } = await ask(owner.headers, 'GET', `/rooms/${private_id}/messages`)
  const users = { owner, removed, banned, out, deleted, blocked }
  return { app, origin, routes, id: messages.at(-1).id, private_id, public_id, users }
}

/** The request that a route wants, about a room and the message with the secret. */
function requestOf({ id }: Scene, { method, url, schema }: Route, room_id: string) {
  const known = { room_id, username: 'minji', q: SECRET, usernames: ['minji'], until: '2999-01-01T00:00:00.000Z' }
  const { body, querystring } = schema
  const query = querystring && (sample({ ...querystring, minProperties: 0 }, known) as Record<string, string>)
  const path = url
    .replace(/:id\b/, room_id)
    .replace(/:username\b/, 'minji')
    .replace(/:\w+/g, String(id))
  return {
    ...{ method, url: query ? `${path}?${new URLSearchParams(query)}` : path },
    ...(body && { payload: sample({ minProperties: 1, ...body }, known) as object }),
  }
}

test('every route has a class that says what it wants of the user', async t => {
  const { routes } = await scene(t)
  t.strictSame(
    routes.filter(({ url }) => classOf(url) === undefined).map(({ method, url }) => `${method} ${url}`),
    [],
    'a new route belongs to a class of this test, which then asks it as everybody who has no access',
  )
  for (const name of Object.keys(classes))
    t.ok(
      routes.some(({ url }) => classOf(url) === name),
      `there are routes of ${name}`,
    )
})

test('no route answers a session that ended, of a deleted or of a blocked user', async t => {
  const at = await scene(t)
  const { app, routes, users, private_id } = at
  for (const name of ['out', 'deleted', 'blocked'] as const) {
    for (const route of routes.filter(({ url }) => classOf(url) !== 'open' && !url.endsWith('/ws'))) {
      const answer = await app.inject({ ...requestOf(at, route, private_id), headers: ofToken(users[name].token) })
      // Nobody but an administrator learns what is there.
      const refusal = classOf(route.url) === 'administrator' ? [404, 'NOT_FOUND'] : [401, 'UNAUTHORIZED']
      t.strictSame([answer.statusCode, answer.json().code], refusal, `${name}: ${route.method} ${route.url}`)
    }
  }
})

test('no route of a room reads or writes for a user who was removed or banned', async t => {
  const at = await scene(t)
  const { app, routes, users, private_id, public_id } = at
  const ofRoom = routes.filter(({ url }) => classOf(url) === 'room' && !url.endsWith('/ws'))
  const heads = () => Promise.all([private_id, public_id].map(id => app.store.readHead(id)))
  const before = await heads()
  for (const name of ['removed', 'banned'] as const) {
    for (const room_id of [private_id, public_id]) {
      for (const route of ofRoom) {
        const which = `${route.method} ${route.url}`
        const isPublic = room_id === public_id && ofPublicRooms.includes(which)
        if (isPublic && name === 'removed') continue
        const answer = await app.inject({ ...requestOf(at, route, room_id), headers: ofToken(users[name].token) })
        const what = `${name}: ${which} ${answer.statusCode} ${answer.body.slice(0, 200)}`
        t.notOk(answer.body.includes(SECRET), what)
        if (isPublic && which === 'GET /rooms/:id') continue
        t.ok(answer.statusCode >= 400 && answer.statusCode < 500, what)
        // A body that is not JSON may be refused for its form first.
        const hasNoForm = route.schema.body === undefined && route.method !== 'GET'
        t.ok(refusals.includes(answer.json().code) || (hasNoForm && [400, 411, 415].includes(answer.statusCode)), what)
      }
    }
    for (const route of routes.filter(({ method, url }) => method === 'GET' && classOf(url) === 'user')) {
      if (route.url.endsWith('/ws')) continue
      const answer = await app.inject({ ...requestOf(at, route, private_id), headers: ofToken(users[name].token) })
      const what = `${name}: ${route.url} ${answer.statusCode} ${answer.body.slice(0, 200)}`
      t.ok(answer.statusCode < 400, what)
      // One's own data names the rooms that one has been in.
      if (route.url !== '/users/me/export') t.notOk(answer.body.includes(private_id), what)
      if (name === 'banned') t.notOk(answer.body.includes(SECRET), what)
    }
    for (const route of routes.filter(({ url }) => classOf(url) === 'administrator')) {
      const answer = await app.inject({ ...requestOf(at, route, private_id), headers: ofToken(users[name].token) })
      t.equal(answer.statusCode, 404, `${name}: ${route.method} ${route.url}`)
    }
  }
  t.strictSame(await heads(), before, 'nothing is written')
  const mine = { headers: ofToken(users.owner.token) }
  const shown = []
  for (const route of ofRoom.filter(({ method }) => method === 'GET')) {
    const { body } = await app.inject({ ...requestOf(at, route, private_id), ...mine })
    if (body.includes(SECRET)) shown.push(route.url)
  }
  t.ok(shown.includes('/rooms/:id/messages') && shown.includes('/rooms/:id/messages/search'), 'the owner is shown it')
})

test('no frame reads or writes for a user without access, and no socket opens for a session that ended', async t => {
  const at = await scene(t)
  const { app, origin, users, id, private_id, public_id } = at
  for (const name of ['out', 'deleted', 'blocked'] as const) {
    for (const path of ['/ws', `/rooms/${public_id}/ws`]) {
      const socket = await connect(t, origin, path, users[name].token)
      t.match(await socket.closed, { code: closeCodes.unauthorized.code }, `${name}: ${path}`)
      t.strictSame(
        socket.frames.filter(({ type }) => type !== 'error'),
        [],
        `${name} is shown nothing`,
      )
    }
  }
  const heads = () => Promise.all([private_id, public_id].map(room_id => app.store.readHead(room_id)))
  const before = await heads()
  for (const name of ['removed', 'banned'] as const) {
    for (const room_id of [private_id, public_id]) {
      const mark = await app.store.readMark(name, room_id)
      const alone = await connect(t, origin, `/rooms/${room_id}/ws`, users[name].token)
      t.match(
        await alone.closed,
        { code: closeCodes[room_id === private_id ? 'room_gone' : 'not_member'].code },
        `${name}: a socket of the room alone`,
      )
      const socket = await connect(t, origin, '/ws', users[name].token)
      for (const [type, schema] of Object.entries(clientFrames)) {
        if (!('room_id' in schema.properties) || type === 'unsubscribe') continue
        socket.send(sample(schema, { room_id, client_id: `${name}-${type}`, id, seq: id, after: 0 }) as object)
        t.match(
          await socket.next('error'),
          { room_id, code: /ROOM_NOT_FOUND|NOT_MEMBER|BANNED|NOT_SUBSCRIBED/ },
          `${name}: ${type}`,
        )
      }
      await socket.settled()
      t.notOk(JSON.stringify([...socket.frames, ...alone.frames]).includes(SECRET), `${name} is shown nothing`)
      t.equal(await app.store.readMark(name, room_id), mark)
    }
  }
  t.strictSame(await heads(), before, 'nothing is written')
})
