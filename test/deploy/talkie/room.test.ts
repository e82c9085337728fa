import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Test, test } from 'tap'
import type { Environment } from '../../../plugins/config/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { build, environment, PASSWORD, register, temporaryFolder } from '../../support/application.js'
import { run } from '../../support/command.js'

/** A server's folder with a room that has events of every kind. @returns also the exported file */
async function talked(t: Test) {
  const env = environment(t)
  const app = await build(t, env)
  const [minji, bob, cho] = await Promise.all(['Minji', 'bob', 'cho'].map(name => register(app, name)))
  const as = (user: typeof minji) => async (method: 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) => {
    const headers = user?.headers ?? {}
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) })
    if (answer.statusCode >= 400) throw new Error(`${method} ${url}: ${answer.body}`)
    return answer.body === '' ? {} : answer.json()
  }
  const [one, two, three] = [as(minji), as(bob), as(cho)]
  const { id } = await one('POST', '/rooms', { name: '점심', is_public: false, password: 'open sesame' })
  for (const user of [two, three]) await user('POST', `/rooms/${id}/join`, { password: 'open sesame' })
  const { id: first } = await one('POST', `/rooms/${id}/messages`, { text: '회의는 3시\u2028입니다' })
  await two('POST', `/rooms/${id}/messages/${first}/reply`, { text: 'yes' })
  await one('PUT', `/rooms/${id}/messages/${first}`, { text: '회의는 4시입니다 😀' })
  const { id: secret } = await three('POST', `/rooms/${id}/messages`, { text: 'a secret' })
  await three('PUT', `/rooms/${id}/messages/${secret}`, { text: 'another secret' })
  await three('DELETE', `/rooms/${id}/messages/${secret}`)
  await two('POST', '/rooms/default/messages', { text: 'in the lobby' })
  await three('POST', `/rooms/${id}/leave`)
  await one('PUT', `/rooms/${id}/owner`, { username: 'bob' })
  await two('DELETE', `/rooms/${id}/members/Minji`)
  await app.close()
  const file = join(temporaryFolder(t), 'room.jsonl')
  t.match(await run(['room', 'export', id, file], env), { code: 0, stdout: [`Exported room ${id} (점심) to ${file}`] })
  return { env, id: id as string, file }
}

/** What a store returns for a room. */
async function says({ DATA_DIR = '' }: Environment, id: string) {
  const store = await openEmbedded(DATA_DIR, console)
  try {
    return {
      room: await store.readRoom(id),
      log: await store.readEvents(id, { after: 0, limit: 100 }),
      members: (await store.listMembers(id, { limit: 10 })).map(({ username, seq }) => [username, seq]),
      page: await store.readPage(id, { limit: 10 }),
      found: (await store.searchTerms(id, ['4시'], { before: 100, limit: 10 })).seqs,
      secret: (await store.searchTerms(id, ['secret'], { before: 100, limit: 10 })).seqs,
    }
  } finally {
    await store.close()
  }
}

/** The folder of a new server with these accounts. */
async function elsewhere(t: Test, ...usernames: string[]): Promise<Environment> {
  const env = environment(t)
  const app = await build(t, env)
  for (const username of usernames) await register(app, username)
  await app.close()
  return env
}

const refusal = (line: RegExp | string) => ({ code: 1, stdout: [], stderr: [line] })

test('a room imported on another server is identical', async t => {
  const { env, id, file } = await talked(t)
  const there = await elsewhere(t, 'Minji', 'bob', 'cho')
  t.match(await run(['room', 'import', file], there), {
    code: 0,
    stdout: [`Imported room ${id} (점심): 12 events; users added: 0`],
  })
  const [from, to] = [await says(env, id), await says(there, id)]
  t.equal(from.log.length, 12)
  t.match(from.members, [['bob', 2]])
  t.strictSame(to, from)
  t.notMatch(readFileSync(file, 'utf8'), 'secret')

  const app = await build(t, there)
  const { token } = await app.auth.login('bob', PASSWORD)
  const headers = { authorization: `Bearer ${token}` }
  const room = (await app.inject({ url: `/rooms/${id}`, headers })).json()
  t.match(room, { name: '점심', owner: 'bob', has_password: true, unread: 0, last_seq: 12 })
  const sent = await app.inject({ method: 'POST', url: `/rooms/${id}/messages`, headers, payload: { text: 'on' } })
  t.equal(sent.json().id, 13, 'new messages continue the log')
})

test('an import uses the spelling of usernames on the target server', async t => {
  const { env, id, file } = await talked(t)
  const there = await elsewhere(t, 'minji', 'BOB', 'cho')
  for (const _ of ['first', 'again']) t.match(await run(['room', 'import', file], there), { code: 0 })
  const [from, to] = [await says(env, id), await says(there, id)]
  const names: Record<string, string> = { Minji: 'minji', bob: 'BOB' }
  t.strictSame(
    to.log.map(({ username }) => username),
    from.log.map(({ username }) => names[username] ?? username),
  )
  t.match(to, { room: { owner: 'BOB' }, members: [['BOB', 2]] })

  const app = await build(t, there)
  const { token } = await app.auth.login('bob', PASSWORD)
  const headers = { authorization: `Bearer ${token}` }
  t.match((await app.inject({ url: `/rooms/${id}`, headers })).json(), { owner: 'BOB', is_member: true, unread: 0 })
  const edited = { method: 'PUT', url: `/rooms/${id}/messages/5`, headers, payload: { text: 'yes!' } } as const
  t.equal((await app.inject(edited)).statusCode, 200, 'users can edit their own messages')
})

test('an export is JSON lines and a hash, in a new file that only its owner can read', async t => {
  const { env, id, file } = await talked(t)
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n')
  t.equal(lines.pop(), '')
  const trailer = JSON.parse(lines.pop() as string)
  const events = lines.map(line => JSON.parse(line) as StoredEvent)
  t.same(
    events.map(({ seq }) => seq),
    events.map((_, at) => at + 1),
  )
  const sha256 = createHash('sha256')
    .update(lines.map(line => `${line}\n`).join(''))
    .digest('hex')
  t.strictSame(trailer, { format: 'talkie-room-1', events: 12, sha256 })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const { stdout } = await run(['room', 'export', id], env)
  t.equal(`${stdout.join('\n')}\n`, text, 'the same on standard output')
  t.match(await run(['room', 'export', id, file], env), refusal(`${file} already exists: choose another name`))
  t.equal(readFileSync(file, 'utf8'), text)
  t.match(await run(['room', 'export', 'nowhere'], env), refusal('Room not found: nowhere'))
})

test('the default room is imported under its own id with a given owner', async t => {
  const { env } = await talked(t)
  const file = join(temporaryFolder(t), 'lobby.jsonl')
  await run(['room', 'export', 'default', file], env)
  const there = await elsewhere(t, 'minji')
  const lobby = ['room', 'import', file, '--add-users']
  t.match(await run(lobby, there), refusal(/use --id$/))
  t.match(await run([...lobby, '--id', 'old'], there), refusal(/use --owner$/))
  t.match(
    await run([...lobby, '--id', 'old', '--owner', 'minji'], there),
    refusal(/name Lobby is already taken: use --name$/),
  )
  // Names that a reader takes for the same, as with NFD and NFC.
  t.match(
    await run([...lobby, '--id', 'old', '--owner', 'minji', '--name', 'ＬＯＢＢＹ'], there),
    refusal(/name ＬＯＢＢＹ is already taken: use --name$/),
  )
  const imported = await run([...lobby, '--id', 'old', '--owner', 'minji', '--name', 'Old lobby'], there)
  t.match(imported, { code: 0, stdout: ['Imported room old (Old lobby): 2 events; users added: 0'] })
  const { room, log } = await says(there, 'old')
  t.match(room, { name: 'Old lobby', owner: 'minji', member_count: 1 })
  t.match(log, [
    { seq: 1, type: 'created', room_id: 'old', username: 'minji' },
    { seq: 2, text: 'in the lobby' },
  ])
})

test('unknown users are refused, or created as blocked accounts with --add-users', async t => {
  const { file, id } = await talked(t)
  const there = await elsewhere(t, 'bob')
  t.match(
    await run(['room', 'import', file], there),
    refusal('Unknown users: Minji, cho. Create them, or use --add-users'),
  )
  t.equal((await says(there, id)).room, null)
  t.match(await run(['room', 'import', file, '--add-users'], there), { code: 0, stdout: [/users added: 2$/] })
  const app = await build(t, there)
  t.match(await app.store.readUser('minji'), { username: 'Minji', blocked: true })
  for (const password of ['', PASSWORD]) await t.rejects(app.auth.login('minji', password), { code: 'LOGIN_FAILED' })
  await t.rejects(app.auth.register({ username: 'minji', password: PASSWORD }), { code: 'USERNAME_TAKEN' })
})

test('an interrupted import continues, a repeated one changes nothing, and an existing room is not changed', async t => {
  const { env, file, id } = await talked(t)
  const there = await elsewhere(t, 'Minji', 'bob', 'cho')
  const from = await says(env, id)
  const store = await openEmbedded(there.DATA_DIR as string, console)
  const [created, ...log] = from.log as [StoredEvent, ...StoredEvent[]]
  const before = { ...from.room, owner: 'Minji', member_count: 1, indexed_seq: 1 } as NonNullable<typeof from.room>
  await store.createRoom(before, created)
  await store.append(id, 1, log.slice(0, 4))
  await store.close()
  for (const _ of ['first', 'again']) {
    t.match(await run(['room', 'import', file], there), { code: 0 })
    t.strictSame(await says(there, id), from)
  }
  const again = await openEmbedded(there.DATA_DIR as string, console)
  await again.append(id, 12, [
    {
      room_id: id,
      seq: 13,
      type: 'message',
      username: 'bob',
      client_id: 'own',
      created_at: created.created_at,
      text: 'x',
    },
  ])
  await again.close()
  t.match(
    await run(['room', 'import', file], there),
    refusal(`Room ${id} already exists with other content: use --id to import under another id`),
  )
  const other = ['room', 'import', file, '--id', 'copy', '--name', 'Copy']
  t.match(await run(other, there), { code: 0 })
  t.match(
    await run([...other, '--name', 'Third'], there),
    refusal('Room copy already exists with other content: use --id to import under another id'),
  )
})

/** A file of these lines, with the trailer that belongs to them. */
function fileOf(t: Test, lines: string[], trailer?: string) {
  const file = join(temporaryFolder(t), 'bad.jsonl')
  const text = lines.map(line => `${line}\n`).join('')
  const sha256 = createHash('sha256').update(text).digest('hex')
  const end = JSON.stringify({ format: 'talkie-room-1', events: lines.length, sha256 })
  writeFileSync(file, `${text}${trailer ?? `${end}\n`}`)
  return file
}

test('a file with any error is refused in one line that gives the position, and nothing is stored', async t => {
  const { file, id } = await talked(t)
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, 12)
  const there = await elsewhere(t, 'Minji', 'bob', 'cho')
  const refused = async (bad: string, line: RegExp | string) => {
    t.match(await run(['room', 'import', bad], there), refusal(line))
  }
  /** The same events with one changed, or removed if `change` is null. */
  const but = (seq: number, change: object | string | null) =>
    fileOf(
      t,
      lines.flatMap((line, at) => {
        if (at !== seq - 1) return line
        if (change === null) return []
        return typeof change === 'string' ? change : JSON.stringify({ ...JSON.parse(line), ...change })
      }),
    )
  const text = readFileSync(file, 'utf8')

  await refused(join(file, 'nowhere'), /^File not found: /)
  await refused(temporaryFolder(t), /is a folder, not a file$/)
  await refused(fileOf(t, []), 'The log is empty')
  await refused(fileOf(t, lines, ''), 'The last line is missing: the file is truncated')
  await refused(fileOf(t, lines.slice(0, 5), text.split('\n').at(-2)), /^Line 6: the hash does not match/)
  await refused(fileOf(t, [text.replace('yes', 'no').slice(0, -1)], ''), /^Line 13: the hash does not match/)
  await refused(
    fileOf(t, [...lines, text.split('\n').at(-2) as string]),
    /^Line 14: unexpected data after the last line/,
  )
  await refused(fileOf(t, lines, '{"format":"talkie-room-2"}\n'), 'Line 13: unknown format, expected talkie-room-1')
  await refused(but(4, 'no JSON'), 'Line 4 is not a JSON object')
  await refused(but(4, '[]'), /^Line 4 is not a valid event/)
  await refused(but(4, 'null'), 'Line 4 is not a JSON object')
  await refused(but(4, 'x'.repeat(70_000)), 'Line 4 is longer than 65536 bytes')
  await refused(but(4, { admin: true }), /^Line 4 is not a valid event: .*additional properties/)
  await refused(but(4, { username: 7 }), /^Line 4 is not a valid event: username must be string/)
  await refused(but(4, { seq: '4' }), /^Line 4 is not a valid event: seq must be integer/)
  await refused(but(4, null), 'Line 4: seq is 5, expected 4')
  await refused(but(4, { seq: 3 }), 'Line 4: seq is 3, expected 4')
  await refused(but(4, { room_id: 'other' }), 'Line 4: room_id differs from the first event')
  await refused(but(4, { created_at: 'yesterday' }), 'Line 4: created_at is not a valid time')
  await refused(but(4, { text: 'a\0b' }), 'Line 4: the text is not valid')
  await refused(but(4, { text: ' ' }), 'Line 4: the text is not valid')
  await refused(but(4, { text: 'x'.repeat(2001) }), 'Line 4: the text is not valid')
  await refused(but(4, { text: undefined }), 'Line 4: the text is missing')
  await refused(but(4, { text: '' }), 'Message 4 has an empty text but is not deleted')
  await refused(but(4, { reply_to: 4 }), 'Line 4: reply_to is not an earlier message')
  await refused(but(4, { type: 'created' }), 'Line 4: only the first event can create the room')
  await refused(but(4, { type: 'joined', member: 'BOB' }), 'Line 4: the user is already a member')
  await refused(but(4, { type: 'left', member: 'nobody' }), 'Line 4: the user is not a member')
  await refused(but(4, { type: 'left' }), 'Line 4: the member is missing')
  await refused(but(4, { type: 'session_ended' }), 'Line 4: session_ended does not belong in a room')
  await refused(but(12, { type: 'room_deleted' }), 'Line 12: the room is deleted')
  await refused(but(11, { member: 'cho' }), 'Line 11: the new owner is not a member')
  await refused(but(6, { target: 5 }), 'Line 6: the target belongs to another user')
  await refused(but(6, { target: 3 }), 'Line 6: the target is not an earlier message')
  await refused(but(6, { client_id: JSON.parse(lines[3] as string).client_id }), 'Line 6: client_id is not unique')
  await refused(but(1, { type: 'message', text: 'x' }), 'Line 1: the first event does not create the room')
  await refused(but(1, { data: { name: 'x' } }), 'Line 1: room settings are missing')
  const bytes = Buffer.from(text)
  bytes[bytes.indexOf('yes')] = 0xff
  writeFileSync(file, bytes)
  await refused(file, 'Line 5 is not valid UTF-8')
  t.equal((await says(there, id)).room, null)
  t.same((await says(there, id)).log, [])
})

test('a file that an editor saved with CRLF and a byte order mark imports the same room', async t => {
  const { env, id, file } = await talked(t)
  writeFileSync(file, `\uFEFF${readFileSync(file, 'utf8').replaceAll('\n', '\r\n')}`)
  const there = await elsewhere(t, 'Minji', 'bob', 'cho')
  t.match(await run(['room', 'import', file], there), { code: 0, stdout: [/12 events/] })
  t.strictSame(await says(there, id), await says(env, id))
})

test('a file with any changed byte is refused or imports the same room', async t => {
  const { env, file, id } = await talked(t)
  const { log } = await says(env, id)
  const bytes = readFileSync(file)
  const changed = join(temporaryFolder(t), 'changed.jsonl')
  const there = await elsewhere(t, 'Minji', 'bob', 'cho')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
      const copy = Buffer.from(bytes)
      copy[at] = value
      writeFileSync(changed, copy)
      const { code, stderr } = await run(['room', 'import', changed], there)
      if (code === 1) return stderr.length === 1
      t.strictSame((await says(there, id)).log, log)
      return true
    }),
    { numRuns: 40 },
  )
})

test('invitations of an imported room can be used there, and a file that uses one too often is refused', async t => {
  const env = environment(t)
  const app = await build(t, env)
  for (const name of ['minji', 'bob', 'cho']) await register(app, name)
  const { id } = await app.rooms.create('minji', { name: 'Lunch', is_public: false })
  const { code } = await app.rooms.invite(id, 'minji', { max_uses: 2 })
  const revoked = await app.rooms.invite(id, 'minji', {})
  await app.rooms.joinByInvite(code, 'bob')
  await app.rooms.revokeInvite(id, 'minji', revoked.id)
  await app.close()
  const file = join(temporaryFolder(t), 'room.jsonl')
  t.match(await run(['room', 'export', id, file], env), { code: 0 })
  const there = await elsewhere(t, 'minji', 'bob', 'cho')
  t.match(await run(['room', 'import', file], there), { code: 0 })
  t.match((await says(there, id)).room, { invites: [{ id: 2, max_uses: 2, uses: 1 }] })
  const again = await build(t, there)
  t.match(await again.rooms.joinByInvite(code, 'cho'), { id, is_member: true })
  t.match((await again.rooms.invites(id, 'minji', {})).invites, [{ state: 'revoked' }, { uses: 2, state: 'used_up' }])
  await again.close()

  const lines = readFileSync(file, 'utf8').split('\n').slice(0, 5)
  const but = (seq: number, change: object) =>
    fileOf(
      t,
      lines.map((line, at) => (at === seq - 1 ? JSON.stringify({ ...JSON.parse(line), ...change }) : line)),
    )
  const importing = (bad: string) => run(['room', 'import', bad, '--id', 'other', '--name', 'Other'], there)
  const unusable = refusal('Line 5: the invitation cannot be used')
  t.match(await importing(but(5, { data: { invite: 4 } })), unusable)
  t.match(await importing(but(5, { type: 'joined', member: 'cho', data: { invite: 9 } })), unusable)
  t.match(await importing(but(2, { data: { max_uses: 2 } })), refusal('Line 2: the hash of the code is missing'))
  const second = { type: 'joined', member: 'cho', data: { invite: 2 } }
  t.match(
    await importing(
      fileOf(
        t,
        lines.map((line, at) => {
          if (at === 1) return JSON.stringify({ ...JSON.parse(line), data: { code_hash: 'x', max_uses: 1 } })
          return at === 4 ? JSON.stringify({ ...JSON.parse(line), ...second }) : line
        }),
      ),
    ),
    unusable,
  )
})

test('a direct conversation is imported with its members and blocks, and joins nobody else’s', async t => {
  const env = environment(t)
  const app = await build(t, env)
  for (const name of ['Minji', 'bob']) await register(app, name)
  const { id } = await app.rooms.openDirect('Minji', ['bob'], create => create())
  await app.messages.send(id, 'bob', { client_id: 'c', text: '회의는 4시입니다' })
  await app.rooms.block('Minji', 'bob')
  await app.close()
  const file = join(temporaryFolder(t), 'direct.jsonl')
  t.match(await run(['room', 'export', id, file], env), { code: 0 })

  const there = await elsewhere(t, 'minji', 'bob')
  for (const option of ['--id', '--name', '--owner']) {
    t.match(await run(['room', 'import', file, option, 'other'], there), refusal(/^A direct conversation has no/))
  }
  for (const _ of ['first', 'again']) t.match(await run(['room', 'import', file], there), { code: 0 })
  const { room, members } = await says(there, id)
  t.match(room, { direct: { usernames: ['bob', 'minji'], blocked_by: ['minji'] }, owner: '', member_count: 2 })
  t.strictSame(members, [
    ['bob', 1],
    ['minji', 3],
  ])
  const opened = await build(t, there)
  t.match(await opened.rooms.blocks('minji'), [{ username: 'bob' }])
  await t.rejects(
    opened.rooms.openDirect('bob', ['minji'], create => create()),
    { code: 'BLOCKED' },
  )

  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const change = (from: string, to: string) => {
    const changed = lines.slice(0, -1).map(line => `${line.replaceAll(from, to)}\n`)
    const sha256 = createHash('sha256').update(changed.join('')).digest('hex')
    const trailer = JSON.stringify({ ...JSON.parse(lines.at(-1) as string), sha256 })
    const other = join(temporaryFolder(t), 'changed.jsonl')
    writeFileSync(other, `${changed.join('')}${trailer}\n`)
    return other
  }
  t.match(
    await run(['room', 'import', change('"bob"', '"cho"')], there),
    refusal(/^Line 1: the id is not the one of a conversation of these members$/),
  )
  t.match(
    await run(['room', 'import', change('"type":"blocked"', '"type":"left"')], there),
    refusal(/^Line 3: left does not belong in a direct conversation$/),
  )
})
