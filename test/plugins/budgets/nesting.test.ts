import { test } from 'tap'
import { isNestedTooDeeply } from '../../../plugins/budgets/index.js'

const nested = (depth: number, open = '[', close = ']') => `${open.repeat(depth)}${close.repeat(depth)}`

test('JSON of up to 32 levels passes, deeper nesting does not', async t => {
  t.notOk(isNestedTooDeeply(nested(32)))
  t.ok(isNestedTooDeeply(nested(33)))
  t.ok(isNestedTooDeeply(nested(40, '{"a":', '}')))
  t.notOk(isNestedTooDeeply(`[${'{},'.repeat(1000)}0]`), 'wide is not deep')
})

test('brackets in strings do not count, whatever is escaped', async t => {
  const brackets = '['.repeat(100)
  t.notOk(isNestedTooDeeply(JSON.stringify({ text: brackets })))
  t.notOk(isNestedTooDeeply(JSON.stringify({ text: `"${brackets}`, more: `\\${brackets}` })))
  t.ok(isNestedTooDeeply(`{"text":"\\\\","x":${brackets}`))
  t.notOk(isNestedTooDeeply(`{"text":"${brackets}`), 'a string that does not end')
})
