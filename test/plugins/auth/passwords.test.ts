import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { type Test, test } from 'tap'
import { createPasswords } from '../../../plugins/auth/passwords.js'

function open(t: Test, cost = 4) {
  const passwords = createPasswords(cost)
  t.after(() => passwords.close())
  return passwords
}

test('a password matches its own hash only, and never a missing hash', async t => {
  const { hash, verify } = open(t)
  const stored = await hash('correct horse')
  t.match(stored, /^\$2b\$04\$/)
  t.equal(await verify('correct horse', stored), true)
  t.equal(await verify('correct hors', stored), false)
  t.equal(await verify('correct horse', null), false)
  t.equal(await verify('', null), false)
})

test('Hangul is the same password composed (Windows) and decomposed (macOS)', async t => {
  const { hash, verify } = open(t)
  const password = '비밀번호비밀번호'
  t.not(password.normalize('NFD'), password)
  t.equal(await verify(password.normalize('NFD'), await hash(password)), true)
  t.equal(await verify(password, await hash(password.normalize('NFD'))), true)
})

test('72 bytes after NFC are accepted; longer passwords are rejected, not truncated', async t => {
  const { hash, verify } = open(t)
  const longest = '가'.repeat(24)
  const stored = await hash(longest.normalize('NFD'))
  t.equal(await verify(longest, stored), true)
  t.equal(await verify(`${longest}x`, stored), false)
  await t.rejects(hash(`${longest}x`), { code: 'PASSWORD_TOO_LONG', statusCode: 400 })
})

test('U+0000 is rejected, because bcrypt would end or repeat the password there', async t => {
  const { hash, verify } = open(t)
  await t.rejects(hash('horse\0battery'), { code: 'BAD_REQUEST' })
  const stored = await hash('horse')
  t.equal(await verify('horse\0horse', stored), false)
  t.equal(await verify('horse\0', stored), false)
})

test('logins beyond the queue are rejected, and those in the queue are served', async t => {
  const { hash, verify } = open(t)
  const stored = await hash('correct horse')
  const tried = await Promise.allSettled(Array.from({ length: 700 }, () => verify('correct horse', stored)))
  const served = tried.filter(({ status }) => status === 'fulfilled')
  t.ok(served.length >= 300 && served.length < 450, `${served.length} served`)
  for (const one of tried) {
    if (one.status === 'fulfilled') t.equal(one.value, true)
    else t.match(one.reason, { code: 'LOGIN_QUEUE_FULL', statusCode: 429 })
  }
  t.equal(await verify('correct horse', stored), true)
})

test('on Linux, hashing threads have a lower priority', { skip: process.platform !== 'linux' }, async t => {
  await open(t).hash('correct horse')
  const niceness = readdirSync('/proc/self/task').flatMap(id => {
    try {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').replace(/^.*\) /, '')
      return Number(fields.split(' ')[16])
    } catch {
      // A thread of the tests before, which has ended meanwhile.
      return []
    }
  })
  t.ok(niceness.includes(Math.min(19, getPriority() + 10)))
  t.equal(getPriority(process.pid), getPriority())
  t.ok(niceness.filter(nice => nice === getPriority()).length > 1)
})
