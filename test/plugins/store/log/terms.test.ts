import fc from 'fast-check'
import { test } from 'tap'
import { parseQuery, textTerms } from '../../../../plugins/store/log/terms.js'

const queryTerms = (query: string) => parseQuery(query).terms
const matches = (text: string, query: string) => parseQuery(query).matches(text)

test('a text is indexed by its words, in lower case, each once', async t => {
  t.strictSame(
    [...textTerms('Hello, hello WORLD! don’t re-use_it 42')],
    ['hello', 'world', 'don', 't', 're', 'use_it', '42'],
  )
  t.strictSame([...textTerms('ÉCOLE naïve Straße ЖУК')], ['école', 'naïve', 'strasse', 'жук'])
  t.strictSame([...textTerms('')], [])
  t.strictSame([...textTerms('!?… —')], [])
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

test('Thai, Lao, Khmer and Burmese are found by parts, as they are written without spaces', async t => {
  const texts: [string, string, string][] = [
    ['ฉันชอบกินข้าวเช้าทุกวัน', 'ข้าว', 'ไม่มี'],
    ['ຂ້ອຍມັກກິນເຂົ້າທຸກມື້', 'ເຂົ້າ', 'ບໍ່ມີ'],
    ['ខ្ញុំចូលចិត្តញ៉ាំបាយរាល់ថ្ងៃ', 'បាយ', 'គ្មាន'],
    ['ကျွန်တော်ထမင်းစားတယ်', 'ထမင်း', 'မရှိ'],
  ]
  for (const [text, part, other] of texts) {
    t.ok(matches(text, part), part)
    t.ok(
      queryTerms(part).every(term => textTerms(text).has(term)),
      `terms of ${part}`,
    )
    t.notOk(matches(text, other), other)
  }
})

test('each emoji can be searched alone, with or without variation selectors', async t => {
  const texts = [
    '☀️ sun',
    '❤️ love',
    '⚠️Server down',
    '1️⃣ first step',
    '오늘 🔥 배포',
    '🇺🇸🇰🇷',
    '👍🏽 yes',
    '👩‍💻 dev',
    'v1.2.3 out',
  ]
  const find = (query: string) => texts.filter(text => matches(text, query))
  t.strictSame(find('❤️'), ['❤️ love'])
  t.strictSame(find('❤'), ['❤️ love'], 'without its variation selector')
  t.strictSame(find('server'), ['⚠️Server down'])
  t.strictSame(find('1'), ['1️⃣ first step'])
  t.strictSame(find('1️⃣'), ['1️⃣ first step'])
  t.strictSame(find('🔥'), ['오늘 🔥 배포'])
  t.strictSame(find('🇰🇷'), ['🇺🇸🇰🇷'])
  t.strictSame(find('🇸🇰'), [], 'the flag of neither')
  t.strictSame(find('👍'), ['👍🏽 yes'], 'whatever the skin tone')
  t.strictSame(find('👍🏿'), [])
  t.strictSame(find('👩‍💻'), ['👩‍💻 dev'])
  t.strictSame(find('1.2.3'), [], 'words are whole: v1 is another word than 1')
  t.strictSame(find('v1.2.3'), ['v1.2.3 out'])
  for (const text of texts)
    t.ok(
      queryTerms(text).every(term => textTerms(text).has(term)),
      text,
    )
})

test('case makes no difference in any language, and invisible characters neither', async t => {
  const same = [
    ['İstanbul', 'istanbul', 'ISTANBUL', 'i\u0307stanbul'],
    ['IĞDIR', 'ığdır', 'iğdir'],
    ['Straße', 'STRASSE', 'strasse', 'STRAẞE'],
    ['ΟΔΟΣ', 'οδος', 'οδοσ'],
    ['می\u200cخواهم', 'میخواهم'],
    ['co\u00adoperate', 'cooperate'],
    ['ǰ', 'J\u030c'],
  ]
  for (const words of same) {
    for (const text of words) for (const query of words) t.ok(matches(`a ${text}. b`, query), `${text}, ${query}`)
  }
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

test('a query looks up pairs of characters, and single characters if a part has only one', async t => {
  t.strictSame(queryTerms('안녕하 hello HELLO'), ['hello', '안녕', '녕하'])
  t.strictSame(queryTerms('안'), ['안'])
  t.strictSame(queryTerms('안 회의'), ['안', '회의'])
  t.strictSame(queryTerms(' … '), [])
})

test('a long word is indexed by its prefix and still distinguished from words with the same prefix', async t => {
  const long = 'a'.repeat(2000)
  t.ok([...textTerms(long)].every(term => term.length <= 40))
  t.strictSame(queryTerms(long), [...textTerms(long)])
  t.ok(matches(long, long))
  t.notOk(matches(`${long}b`, long))
})

test('words match whole, runs as parts, several by AND, whatever their order', async t => {
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
  fc.stringMatching(/^[ก-ฮะ-ูเ-์]{1,6}$/),
  fc.array(fc.constantFrom(...'İıßẞςΣǰ', '\u0307', '\u200d', '\ufe0f'), { maxLength: 6 }).map(units => units.join('')),
  fc.constantFrom('❤️', '☀️', '1️⃣', '🇰🇷', '🇺🇸🇰🇷', '👩‍💻', '👍🏽', '🔥'),
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

test('a text matches its own words and any part of its runs', async () => {
  fc.assert(
    fc.property(sentence, fc.stringMatching(/^[가-힣一-龥]{2,8}$/), fc.nat(6), sentence, (before, run, from, after) => {
      const part = [...run].slice(Math.min(from, [...run].length - 1), from + 2).join('')
      return matches(`${before} ${run} ${after}`, part) && [...textTerms(run)].every(term => matches(run, term))
    }),
  )
})
