import { test } from 'tap'
import { markWords, matchesName } from '../../../static/page/text/match.js'

test('a name is found by any part of it, and by leading consonants', async t => {
  for (const [name, query] of [
    ['디자인', '자인'],
    ['디자인', 'ㄷㅈ'],
    ['디자인 리뷰', 'ㅇ ㄹ'],
    ['Support EN', 'port en'],
    ['까치', 'ㄲ'],
    ['디자인'.normalize('NFD'), '디자'],
    ['anything', ' '],
  ] as const) {
    t.ok(matchesName(name, query), `${query} in ${name}`)
  }
  for (const [name, query] of [
    ['디자인', 'ㄷㅇ'],
    ['디자인', 'ㄷ자'],
    ['까치', 'ㄱㅊ'],
    ['Support', 'sp'],
  ] as const) {
    t.notOk(matchesName(name, query), `${query} not in ${name}`)
  }
})

test('each word of a query is highlighted, and the text stays complete', async t => {
  const marked = (text: string, query: string) =>
    markWords(text, query)
      .filter(({ marked }) => marked)
      .map(({ text }) => text)
  t.strictSame(marked('이번 릴리스부터, 릴리스 노트', '릴리스'), ['릴리스', '릴리스'])
  t.strictSame(marked('Build and BUILD', 'build and'), ['Build', 'and', 'BUILD'])
  t.strictSame(marked('a.b (c) axb', 'a.b (c)'), ['a.b', '(c)'], 'a query is no pattern')
  t.strictSame(marked('text', '  '), [])
  const text = '🍙 one 🍙 two'
  t.equal(
    markWords(text, '🍙 two')
      .map(piece => piece.text)
      .join(''),
    text,
  )
})
