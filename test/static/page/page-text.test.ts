import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { AVATAR_COLORS } from '../../../schemas/wire.js'
import { en } from '../../../static/page/i18n/en.js'
import { ko } from '../../../static/page/i18n/ko.js'
import { formatRoute, parseRoute } from '../../../static/page/state/route.js'
import { avatarColor, initials, textColorOn } from '../../../static/page/text/avatar.js'
import { validate } from '../../../static/page/text/validate.js'

test('a URL names a room and a message, and an invalid one names neither', async t => {
  t.strictSame(parseRoute({ pathname: '/r/Ab-1', hash: '#42' }), { room_id: 'Ab-1', message: 42 })
  t.strictSame(parseRoute({ pathname: '/', hash: '#42' }), { room_id: null, message: null })
  t.strictSame(parseRoute({ pathname: '/r/a b', hash: '' }), { room_id: null, message: null })
  t.strictSame(parseRoute({ pathname: '/r/a', hash: '#0' }), { room_id: 'a', message: null })
  for (const place of [
    { room_id: null, message: null },
    { room_id: 'a', message: null },
    { room_id: 'a', message: 7 },
  ]) {
    const { pathname, hash } = new URL(formatRoute(place), 'http://x')
    t.strictSame(parseRoute({ pathname, hash }), place)
  }
})

test('fields are validated as the server validates them', async t => {
  t.equal(validate.username('minji_1'), null)
  for (const name of ['ab', 'a'.repeat(31), '민지민지', 'a b c'])
    t.equal(validate.username(name), 'username_rule', name)
  t.equal(validate.password('가나다라마바사아'), null)
  t.equal(validate.password('가나다라마바사아'.normalize('NFD')), null, 'eight syllables in either normal form')
  t.equal(validate.password('가나다'), 'password_short')
  t.equal(validate.password('가'.repeat(25)), 'password_long')
  for (const name of ['', ' a', 'a ', 'a\u200bb', 'a\nb', 'x'.repeat(51)])
    t.equal(validate.room_name(name), 'name_rule')
  t.equal(validate.display_name('김민지 🌱'), null)
})

test('initials and colors are stable, and the letters have enough contrast on any color', async t => {
  t.strictSame(['김민지', 'kim min-ji', 'minji', '', '日本 太郎'].map(initials), ['김', 'KM', 'M', '?', '日'])
  t.equal(avatarColor('minji'), avatarColor('minji'))
  for (const color of AVATAR_COLORS) t.equal(textColorOn(color), '#fff', color)
  for (const color of ['#000000', '#ffffff', '#777777', '#3366cc', '#ffcc00', ...AVATAR_COLORS]) {
    t.ok(contrast(color, textColorOn(color) === '#000' ? '#000000' : '#ffffff') >= 4.5, color)
  }
})

test('every text has a Korean translation', async t => {
  /** Keys whose text is the same in both languages. */
  const same = ['app_name']
  const said = (entry: unknown) => (typeof entry === 'function' ? String(entry) : entry)
  for (const [key, entry] of [...Object.entries(ko), ...Object.entries(ko.errors)]) {
    if (typeof entry === 'object' || same.includes(key)) continue
    t.match(said(entry), /[가-힣]/, key)
  }
  t.strictSame(Object.keys(ko).sort(), Object.keys(en).sort())
  t.strictSame(Object.keys(ko.errors).sort(), Object.keys(en.errors).sort())
})

test('text has a contrast of at least 4.5 in both themes', async t => {
  const css = readFileSync(new URL('../../../../static/page/styles/theme.css', import.meta.url), 'utf8')
  const [light, dark] = css
    .split('@media')
    .map(
      part => new Map([...part.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name, color]) => [name, color])),
    )
  const pairs = ['ground', 'surface', 'raised', 'overlay']
    .flatMap(under => ['ink', 'ink-2', 'ink-3', 'accent-text', 'danger-text'].map(over => [over, under]))
    .concat(['accent', 'accent-strong', 'danger', 'danger-strong'].map(under => ['on-accent', under]))
    .concat(['ink', 'ink-2', 'accent-text'].map(over => [over, 'accent-soft']))
    .concat(['ink', 'ink-2', 'accent-text', 'mark-ink', 'danger-text'].map(over => [over, 'mark-soft']))
    .concat([['ink', 'mark-hit']])
  for (const [name, theme] of Object.entries({ light, dark })) {
    for (const [over = '', under = ''] of pairs) {
      const ratio = contrast(theme?.get(over) as string, theme?.get(under) as string)
      t.ok(ratio >= 4.5, `${name}: ${over} on ${under} is ${ratio.toFixed(2)}`)
    }
  }
})

/** WCAG 2 */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(at => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
      return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}
