import { test } from 'tap'
import { run, wrongAnswer } from '../../bench/fuzz/run.js'
import { repeat } from '../support/repeat.js'

const FRAMES = Number(process.env.FUZZ_FRAMES ?? repeat(5000, 1500))

test('whatever frames one user sends, the server lives, answers by its schemas and acknowledges the others', {
  skip: process.platform !== 'linux' && 'memory is read from /proc',
  timeout: 0,
}, async t => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`npm run fuzz -- --frames ${FRAMES} --seed ${seed}`)
  const { broken, ...figures } = await run({ seed, frames: FRAMES })
  t.strictSame(broken, [])
  t.comment(JSON.stringify(figures))
  t.ok(figures.frames >= FRAMES && figures.acked > 0)
  for (const type of ['error', 'ack', 'welcome']) t.ok(figures.answers[type], type)
  for (const code of ['1007', '4400']) t.ok(figures.closes[code], code)
})

test('an answer that no schema has is found', async t => {
  t.equal(wrongAnswer('{"type":"pong"}'), undefined)
  for (const text of ['', '{}', '{"type":"nothing"}', '{"type":"pong","stack":"at"}', '{"type":"error","code":1}'])
    t.ok(wrongAnswer(text), text)
})
