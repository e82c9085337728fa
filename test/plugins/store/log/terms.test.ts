import fc from 'fast-check'
import { test } from 'tap'
import { matches, queryTerms, textTerms } from '../../../../plugins/store/log/terms.js'

test('a text is indexed by its words, in lower case, each once', async t => {
  t.strictSame(
    [...textTerms('Hello, hello WORLD! don’t re-use_it 42')],
    ['hello', 'world', 'don', 't', 're', 'use_it', '42'],
  )
  t.strictSame([...textTerms('ÉCOLE naïve Straße ЖУК')], ['école', 'naïve', 'straße', 'жук'])
  t.strictSame([...textTerms('')], [])
  t.strictSame([...textTerms('!?… 👍 —')], [])
})

test('Korean, Chinese and Japanese are indexed by single characters and pairs', async t => {
  t.strictSame([...textTerms('안녕 하')], ['안', '녕', '안녕', '하'])
  t.strictSame([...textTerms('東京都')], ['東', '京', '東京', '都', '京都'])
  t.strictSame([...textTerms('カレーを')], ['カ', 'レ', 'カレ', 'ー', 'レー', 'を', 'ーを'])
  t.strictSame([...textTerms('人々。')], ['人', '々', '人々'])
  t.strictSame([...textTerms('𠮷野')], ['𠮷', '野', '𠮷野'], 'by code points')
})

test('a script ends where another begins', async t => {
  t.strictSame([...textTerms('JYP엔터2')], ['jyp', '2', '엔', '터', '엔터'])
})

test('width and composition make no difference', async t => {
  t.strictSame([...textTerms('ＡＢＣ ｶﾞ')], ['abc', 'ガ'])
  t.strictSame([...textTerms('회의'.normalize('NFD'))], [...textTerms('회의')])
  t.ok(matches('café'.normalize('NFD'), 'CAFÉ'))
  t.ok(matches('회의실'.normalize('NFD'), '의실'))
})

test('letters that stand alone stay alone', async t => {
  t.strictSame([...textTerms('ㅋㅋ')], ['ㅋ', 'ㅋㅋ'])
  t.ok(matches('ㅇㅏ', 'ㅇ'), 'and are not joined to a syllable')
})

test('a query asks for pairs where it has them, and for single characters where it has one', async t => {
  t.strictSame(queryTerms('안녕하 hello HELLO'), ['hello', '안녕', '녕하'])
  t.strictSame(queryTerms('안'), ['안'])
  t.strictSame(queryTerms('안 회의'), ['안', '회의'])
  t.strictSame(queryTerms(' … '), [])
})

test('a word is indexed by its beginning when it is long, and still told from its like', async t => {
  const long = 'a'.repeat(2000)
  t.ok([...textTerms(long)].every(term => term.length <= 40))
  t.strictSame(queryTerms(long), [...textTerms(long)])
  t.ok(matches(long, long))
  t.notOk(matches(`${long}b`, long))
})

test('words match whole, CJK runs as parts, several by AND, whatever their order', async t => {
  const text = 'Lunch 회의실에서 at noon'
  for (const query of ['lunch', 'NOON lunch', '회의', '의실', '실', '에서 lunch', 'lunch!'])
    t.ok(matches(text, query), query)
  for (const query of ['lun', 'unch', '회실', 'lunch dinner', '회의 저녁', '!', ''])
    t.notOk(matches(text, query), query)
})

test('no query is a pattern', async t => {
  for (const query of ['.*', '%', '(', '[a-', '"', '\\']) t.notOk(matches('Lunch', query), query)
})

const word = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_]{1,50}$/),
  fc.stringMatching(/^[가-힣]{1,6}$/),
  fc.stringMatching(/^[一-龥ぁ-んァ-ヶ]{1,6}$/),
  fc.stringMatching(/^[À-žа-яㄱ-ㅎ]{1,6}$/),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const sentence = fc.array(word, { maxLength: 6 }).map(words => words.join(' '))

test('a text that matches a query has all of its terms', async () => {
  fc.assert(
    fc.property(sentence, sentence, (text, query) => {
      if (!matches(text, query)) return true
      const terms = textTerms(text)
      return queryTerms(query).every(term => terms.has(term))
    }),
  )
})

test('a text matches its own words and any part of its CJK runs', async () => {
  fc.assert(
    fc.property(sentence, fc.stringMatching(/^[가-힣一-龥]{2,8}$/), fc.nat(6), sentence, (before, run, from, after) => {
      const part = [...run].slice(Math.min(from, [...run].length - 1), from + 2).join('')
      return matches(`${before} ${run} ${after}`, part) && [...textTerms(run)].every(term => matches(run, term))
    }),
  )
})
