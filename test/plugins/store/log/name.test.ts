import fc from 'fast-check'
import { test } from 'tap'
import { foldName, sortKey } from '../../../../plugins/store/log/name.js'

const byKey = (a: string, b: string) => Buffer.compare(Buffer.from(sortKey(a)), Buffer.from(sortKey(b)))

test('names sort as people sort them, Korean and English mixed', async t => {
  const sorted = [
    ...[
      '(old) games',
      '😀',
      '1층',
      '2층',
      '10층',
      'Äpfel',
      'apple',
      'Apple pie',
      'Łódź',
      'Lunch',
      'Room 2',
      'room 10',
      'Zoo',
    ],
    ...['ёлка', 'жук', 'йод', '가나', '각자', '나무', '점심', 'カレー', 'きのこ', '東京'],
  ]
  t.strictSame(sorted.toReversed().sort(byKey), sorted)
})

test('names sort as a collator sorts them', async () => {
  const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
  const word = fc.oneof(
    fc.stringMatching(/^[A-Za-zÀÉÎÖÜñç]{1,4}$/),
    fc.stringMatching(/^[가-힣]{1,3}$/),
    fc.stringMatching(/^[0-9]{1,4}$/),
    fc.stringMatching(/^[a-cㄱ가1-3 ]{1,4}$/),
  )
  const name = fc.array(word, { minLength: 1, maxLength: 3 }).map(words => words.join(' ').trim())
  fc.assert(
    fc.property(name, name, (a, b) => {
      const order = compare(a, b)
      return order === 0 || Math.sign(order) === Math.sign(byKey(a, b))
    }),
  )
})

test('names that fold to the same sort beside each other, and folding twice changes nothing', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), name => {
      const folded = foldName(name)
      return foldName(name.normalize('NFD')) === folded && sortKey(name).includes(`\u0001${folded}\u0001`)
    }),
  )
})
