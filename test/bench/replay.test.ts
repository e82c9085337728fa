import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { test } from 'tap'
import type { Said } from '../../bench/replay/compare.js'
import { replay } from '../../bench/replay/replay.js'
import { skipLong } from '../support/repeat.js'

function talk(name: string): Said[] {
  const file = fileURLToPath(new URL(`../../../test/data/${name}-cut.ndjson.gz`, import.meta.url))
  const lines = gunzipSync(readFileSync(file)).toString().split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line))
}
const faultless = { lost: 0, doubled: 0, out_of_order: 0, altered: 0, observed_wrongly: 0, searches_incomplete: 0 }

test('a recorded conversation in four rooms survives two kills: every message once, in order, unchanged', {
  skip: skipLong,
}, async t => {
  const figures = await replay(talk('ubuntu-irc'), { kills: 2, observers: 3, searches: 0, servers: 1 })
  t.match(figures, { ...faultless, messages: 600, kills: 2 })
})

test('a Korean conversation: every part of a word is found in every message that contains it', {
  skip: skipLong,
}, async t => {
  const figures = await replay(talk('korean-talk'), { kills: 1, observers: 2, searches: 100, servers: 1 })
  t.match(figures, { ...faultless, messages: 400, searches: 100 })
})
