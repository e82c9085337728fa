import { test } from 'tap'
import { canonicalEmoji } from '../../../plugins/reactions/emoji.js'

const points = (text: string | null) => text && [...text].map(point => point.codePointAt(0)?.toString(16)).join(' ')

/** F4. */
test('all spellings of an emoji are one, that which Unicode recommends', t => {
  const spellings: [canonical: string, ...others: string[]][] = [
    ['\u2764\ufe0f', '\u2764', '\u2764\ufe0e'],
    ['\u{1f44d}', '\u{1f44d}\ufe0f'],
    ['\u{1f3f3}\ufe0f\u200d\u{1f308}', '\u{1f3f3}\u200d\u{1f308}'],
    ['1\ufe0f\u20e3', '1\u20e3'],
    [
      '\u{1f575}\u{1f3fb}\u200d\u2642\ufe0f',
      '\u{1f575}\u{1f3fb}\u200d\u2642',
      '\u{1f575}\ufe0f\u{1f3fb}\u200d\u2642\ufe0f',
    ],
    ['\u261d\u{1f3fd}', '\u261d\ufe0f\u{1f3fd}'],
    ['\u{1f469}\u{1f3fb}\u200d\u2764\ufe0f\u200d\u{1f48b}\u200d\u{1f469}\u{1f3fb}'],
    ['\u{1f1f0}\u{1f1f7}'],
    ['\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['\u{1f46f}\u200d\u2642\ufe0f', '\u{1f46f}\u200d\u2642'],
    ['\u00a9\ufe0f', '\u00a9'],
  ]
  for (const [canonical, ...others] of spellings) {
    for (const text of [canonical, ...others])
      t.equal(points(canonicalEmoji(text)), points(canonical), points(text) ?? '')
  }
  t.end()
})

/** F7. */
test('what is not one emoji is none', t => {
  const none = [
    '',
    'a',
    '1',
    '한',
    ':rofl:',
    '👍👍',
    '👍 ',
    '\u200d',
    '\ufe0f',
    '\u{1f1f0}',
    '👍🏻🏻',
    '👍a',
    '\u{e0067}',
  ]
  for (const text of [...none, Array(60).fill('👩').join('\u200d')])
    t.equal(canonicalEmoji(text), null, points(text) ?? '')
  t.end()
})
