import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import cookie from '@fastify/cookie'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { test } from 'tap'
import { temporaryFolder } from './support/application.js'

// The `overrides` in package.json replace the requested versions with older majors, which run on Node 20.

test('cookie 1: a cookie is set with all its attributes, read back, and sent by inject', async t => {
  const fastify = Fastify()
  t.after(() => fastify.close())
  await fastify.register(cookie)
  fastify.get('/set', (_request, reply) =>
    reply
      .setCookie('token', 'a b;c=한', { path: '/', httpOnly: true, secure: true, sameSite: 'strict', maxAge: 60 })
      .send(),
  )
  fastify.get('/clear', (_request, reply) => reply.clearCookie('token', { path: '/' }).send())
  fastify.get('/read', request => request.cookies)

  const set = await fastify.inject('/set')
  t.equal(
    set.headers['set-cookie'],
    'token=a%20b%3Bc%3D%ED%95%9C; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict',
  )
  t.match(set.cookies, [{ name: 'token', value: 'a b;c=한', httpOnly: true }])
  t.match((await fastify.inject('/clear')).headers['set-cookie'], /^token=; .*Expires=Thu, 01 Jan 1970/)
  t.same((await fastify.inject({ url: '/read', cookies: { token: 'a b;c=한', other: '1' } })).json(), {
    token: 'a b;c=한',
    other: '1',
  })
  t.same((await fastify.inject({ url: '/read', headers: { cookie: 'a=1; a=2; b; c="q"; d=%zz' } })).json(), {
    a: '1',
    c: '"q"',
    d: '%zz',
  })
})

test('content-disposition 2: a download carries its name, in any script', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'notes.txt'), 'notes')
  const fastify = Fastify()
  t.after(() => fastify.close())
  await fastify.register(fastifyStatic, { root: folder })
  fastify.get('/download', (_request, reply) => reply.download('notes.txt', '회의 "1".txt'))
  const { statusCode, headers, body } = await fastify.inject('/download')
  t.equal(statusCode, 200)
  t.equal(body, 'notes')
  t.equal(
    headers['content-disposition'],
    `attachment; filename="?? \\"1\\".txt"; filename*=UTF-8''%ED%9A%8C%EC%9D%98%20%221%22.txt`,
  )
})
