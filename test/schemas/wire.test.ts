import { test } from 'tap'
import { NAME_PATTERN, TEXT_PATTERN } from '../../schemas/wire.js'

const isName = new RegExp(NAME_PATTERN, 'u')
const isText = new RegExp(TEXT_PATTERN, 'u')
const codePoints = (text: string) => Array.from(text, character => character.codePointAt(0)?.toString(16)).join(' ')

test('names may contain emoji sequences, and joiners in Persian and Indic scripts', async t => {
  const names = [
    ...[
      '👩‍💻 dev',
      '🏳️‍🌈 pride',
      '🇰🇷',
      '👍🏽',
      '1️⃣',
      '❤️‍🔥',
      '👩🏽‍🚀',
      '👨‍👩‍👧‍👦',
      '👩‍❤️‍💋‍👨',
      '🐈‍⬛',
      '👨‍🦰',
      '🏴󠁧󠁢󠁥󠁮󠁧󠁿 England',
    ],
    ...['علی\u200cرضا', 'می\u200cخواهم', 'ශ්\u200dරී ලංකා', 'क्\u200dष', 'അവന്\u200d', '葛\u{e0100}城'],
    ...['Lunch', '점심 모임', 'Épée', 'x', 'a\u00a0b', '☀️', '©️ me', '#️⃣ tags'],
  ]
  for (const name of names) t.ok(isName.test(name), name)
})

test('names with invisible characters are refused', async t => {
  const names = [
    ...[
      'minji\u200d',
      '\u200bminji',
      'min\u200cji',
      'min\u202eji',
      'min\ufe0fji',
      '1\ufe0f',
      '민\u200d지',
      '\ufe0f',
      '\u200d',
    ],
    ...[
      'a\u034fb',
      'a\u00adb',
      '\u3164',
      'a\u2800b',
      'a\u{e0061}b',
      '❤\ufe0f\ufe0f',
      '👩\u200d',
      '\u200d💻',
      '👩\u200d\u200d💻',
    ],
    ...[
      'علی\u200c',
      '\u200cعلی',
      'عل\u200c\u200cی',
      ' a',
      'a ',
      '',
      '\u2028',
      'a\u0000',
      '\ud800',
      '\u180ba',
      'a\ufeff',
    ],
  ]
  for (const name of names) t.notOk(isName.test(name), codePoints(name))
})

test('a text shows something', async t => {
  for (const text of ['a', ' 👩‍💻', '\u0301', '\u2800.', '…', '\u200b가\u200b', '☀️', '\ue000', 'a\n']) {
    t.ok(isText.test(text), codePoints(text))
  }
  for (const text of [
    '',
    ' ',
    '\n\t\u3000',
    '\u2800',
    '\u2800 \u2800',
    '\u200b',
    '\u3164',
    '\ufe0f',
    '\u200d\u00ad',
    '\u202e',
    'a\u0000',
    'a\ud800',
  ]) {
    t.notOk(isText.test(text), codePoints(text))
  }
})
