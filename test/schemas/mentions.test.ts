import { test } from 'tap'
import { mayMention, namesIn, readings, spokenPart } from '../../schemas/mentions.js'

const found = (text: string) => (mayMention(text) ? namesIn(spokenPart(text)).map(({ name }) => name) : [])

/** Texts, and the names after an at sign that a reader takes for mentions (F11, F12, F13). */
const cases: [text: string, ...names: string[]][] = [
  ['@minji', 'minji'],
  ['@minji.', 'minji'],
  ['@minji,', 'minji'],
  ['(@minji)', 'minji'],
  ['@minji님', 'minji'],
  ['@minji에게 전해 주세요', 'minji'],
  ['**@minji**', 'minji'],
  ['~~@minji~~', 'minji'],
  ['@MINJI', 'MINJI'],
  ['＠minji', 'minji'],
  ['@minji-', 'minji-'],
  ['@minji_', 'minji_'],
  ['음...@minji', 'minji'],
  ['"@minji"', 'minji'],
  ['「@minji」', 'minji'],
  ['@minji/@seojun', 'minji'],
  ['@minji @seojun', 'minji', 'seojun'],
  ['@minji\n@seojun', 'minji', 'seojun'],
  ['> @minji 말대로', 'minji'],
  ['- @minji', 'minji'],
  ['@minji?', 'minji'],
  ['🎉@minji', 'minji'],
  ['minji'],
  ['@'],
  ['@ minji'],
  ['a@minji.kr'],
  ['a-b+c@minji.kr'],
  ['a+@minji.kr'],
  ['x@minji'],
  ['저기@minji'],
  ['@@minji'],
  ['@minji@seojun.kr'],
  ['https://x.kr/@minji'],
  ['https://x.kr/?a=@minji'],
  ['www.x.kr/#(@minji)'],
  ['x.kr/@minji'],
  ['@types/node'],
  ['\\@minji'],
  ['[@minji](https://e.kr)'],
  ['[@minji](https://e.kr) @seojun', 'seojun'],
  ['[@minji]', 'minji'],
  ['`@minji`'],
  ['``@minji` ``'],
  ['`a` @minji `b`', 'minji'],
  ['`a @minji', 'minji'],
  ['``a` @minji', 'minji'],
  ['`a\n@minji`'],
  ['`a\n\n@minji`', 'minji'],
  ['\\`@minji`', 'minji'],
  ['```\n@minji\n```'],
  ['```ts\n@minji\n```\n@seojun', 'seojun'],
  ['```\n@minji'],
  ['~~~\n@minji\n```\n@minji\n~~~'],
  ['````\n```\n@minji\n````'],
  ['> ```\n> @minji\n> ```'],
  ['> ```\n> @minji\n@seojun', 'seojun'],
  ['- ```\n  @minji\n  ```'],
  ['``` @minji ```'],
  ['    @minji', 'minji'],
  ['# @minji', 'minji'],
  ['<b>@minji</b>', 'minji'],
]

test('a name after an at sign is a mention, unless it is in code, in an address or in the label of a link', t => {
  for (const [text, ...names] of cases) t.strictSame(found(text), names, JSON.stringify(text))
  t.end()
})

test('the longest reading of a name comes first', t => {
  t.strictSame(readings('Minji-'), ['minji-', 'minji'])
  t.strictSame(readings('min-ji'), ['min-ji'])
  t.strictSame(readings('all_-'), ['all_-', 'all_', 'all'])
  t.strictSame(readings('--'), ['--', '-'])
  t.end()
})

test('a hostile text is read without backtracking over it', t => {
  const growing = Array.from({ length: 62 }, (_, n) => '`'.repeat(n + 1)).join(' ')
  const texts = ['@', '`', '@a`', '[@a](', '> ', '@-', '```\n', 'www.@', '\\', '@a@', `${growing}@a `]
  // Ten times the longest message: backtracking over it would not end before the test is stopped.
  for (const piece of texts) t.ok(found(`@a ${piece.repeat(20_000)}`.slice(0, 20_000)), piece.slice(0, 10))
  t.end()
})
