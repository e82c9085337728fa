import { test } from 'tap'
import { type Happening, happeningTexts, summarize } from '../../../static/page/text/happenings.js'

const names: Record<string, string> = { minji: '민지', jun: '서준', ara: '아라', bo: '보라' }
const say = (language: 'en' | 'ko', happenings: Happening[]) =>
  summarize(happenings, username => names[username] ?? username, happeningTexts[language], language)
const joined = (member: string, username = member): Happening => ({ type: 'joined', username, member })

test('people who did the same are named together, and beyond three they are counted', async t => {
  const four = ['minji', 'jun', 'ara', 'bo'].map(name => joined(name))
  t.strictSame(say('en', four.slice(0, 2)), ['민지 and 서준 joined'])
  t.strictSame(say('en', four.slice(0, 3)), ['민지, 서준, and 아라 joined'])
  t.strictSame(say('en', four), ['민지, 서준, and 2 others joined'])
  t.strictSame(say('ko', four), ['민지님, 서준님 외 2명이 들어왔어요'])
})

test('one who comes and goes many times is told once, and many changes are counted', async t => {
  const left: Happening = { type: 'left', username: 'jun', member: 'jun' }
  const coming_and_going = Array.from({ length: 20 }, () => [joined('jun'), left]).flat()
  t.strictSame(say('ko', coming_and_going), ['서준님이 들어왔어요', '서준님이 나갔어요'])
  const renamed = (name: string): Happening => ({ type: 'room_changed', username: 'minji', name })
  t.strictSame(say('en', ['a', 'b', 'c', 'd', 'e'].map(renamed)).slice(2), [
    '민지 renamed the room to “c”',
    '2 more changes',
  ])
})

test('every kind of event has a sentence in both languages', async t => {
  const about = { username: 'minji', member: 'jun' }
  const all: Happening[] = [
    joined('jun', 'minji'),
    ...['invited', 'invite_revoked'].map(type => ({ username: 'minji', type })),
    ...['removed', 'banned', 'unbanned', 'muted', 'unmuted', 'deleted'].map(type => ({ ...about, type })),
    { ...about, type: 'role_changed', role: 'moderator' },
    { ...about, type: 'role_changed', role: 'member' },
    { type: 'role_changed', username: 'jun', member: 'jun', role: 'member' },
    ...[
      { owner: 'jun' },
      { description: '' },
      { is_public: true },
      { is_public: false },
      { has_password: true },
      { has_password: false },
      { slow_mode_s: 90 },
      { slow_mode_s: 0 },
      { max_members: 5 },
    ].map(change => ({ type: 'room_changed', username: 'minji', ...change })),
  ]
  for (const one of all) {
    for (const language of ['en', 'ko'] as const) {
      const [sentence, ...others] = say(language, [one])
      t.match(sentence, /서준|민지/, `${language} ${JSON.stringify(one)}`)
      t.equal(others.length, 0)
    }
  }
  t.strictSame(say('ko', [{ type: 'room_changed', username: 'minji', slow_mode_s: 3600 }]), [
    '민지님이 슬로우 모드를 켰어요: 1시간에 메시지 한 번',
  ])
})
