import { test } from 'tap'
import { parseMessage } from '../../../static/page/text/parse-message.js'

const kinds = (text: string) => parseMessage(text).map(piece => `${piece.kind}:${piece.text}`)

test('fenced blocks and inline code are code, whatever they contain', async t => {
  t.strictSame(kinds('see ```ts\nlet a = `x` // <b> https://a.example #3\n``` there'), [
    'text:see ',
    'block:let a = `x` // <b> https://a.example #3',
    'text: there',
  ])
  t.strictSame(kinds('run `npm test` now'), ['text:run ', 'code:npm test', 'text: now'])
  t.strictSame(kinds('```one line```'), ['block:one line'])
})

test('an unmatched fence or backtick is plain text', async t => {
  for (const text of ['```\nno end', 'a ` b', '``', '``````', '`a\nb`', '` `'])
    t.strictSame(kinds(text), [`text:${text}`])
  t.strictSame(kinds('`'.repeat(2000)).join('').replaceAll('text:', ''), '`'.repeat(2000))
})

test('a number after # is plain text, as in “we’re #1”', async t => {
  for (const text of ['we’re #1', 'as in #42, #7']) t.strictSame(kinds(text), [`text:${text}`])
})
