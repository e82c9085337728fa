import type { LogEntry } from '../../../schemas/log-entry.js'
import type { Translation } from '../i18n/dictionary.js'
import { durationName } from './duration.js'

const english = new Intl.ListFormat('en')

/** Sentences without a full stop, so that several can stand in one line. */
const en = {
  person: (name: string) => name,
  /** @param others people beyond those that are named */
  list: (names: string[], others: number) =>
    english.format(others === 0 ? names : [...names, others === 1 ? '1 other' : `${others} others`]),
  joined: (who: string) => `${who} joined`,
  added: (by: string, who: string) => `${by} added ${who}`,
  left: (who: string) => `${who} left`,
  removed: (by: string, who: string) => `${by} removed ${who}`,
  banned: (by: string, who: string) => `${by} banned ${who}`,
  unbanned: (by: string, who: string) => `${by} unbanned ${who}`,
  muted: (by: string, who: string) => `${by} muted ${who}`,
  unmuted: (by: string, who: string) => `${by} unmuted ${who}`,
  appointed: (by: string, who: string) => `${by} made ${who} a moderator`,
  dismissed: (by: string, who: string) => `${by} removed ${who} as a moderator`,
  stepped_down: (who: string) => `${who} stepped down as a moderator`,
  deleted: (by: string, who: string) => `${by} deleted a message by ${who}`,
  invited: (by: string) => `${by} created an invitation`,
  invite_revoked: (by: string) => `${by} revoked an invitation`,
  renamed: (by: string, name: string) => `${by} renamed the room to “${name}”`,
  described: (by: string) => `${by} changed the description`,
  handed_over: (by: string, who: string) => `${by} made ${who} the owner`,
  made_public: (by: string) => `${by} made the room public`,
  made_private: (by: string) => `${by} made the room private`,
  password_set: (by: string) => `${by} set a password for the room`,
  password_removed: (by: string) => `${by} removed the room’s password`,
  slow: (by: string, interval: string) => `${by} turned on slow mode: one message every ${interval}`,
  not_slow: (by: string) => `${by} turned off slow mode`,
  resized: (by: string) => `${by} changed the member limit`,
  more: (count: number) => (count === 1 ? '1 more change' : `${count} more changes`),
}
const ko: Translation<typeof en> = {
  person: name => `${name}님`,
  list: (names, others) => names.join(', ') + (others === 0 ? '' : ` 외 ${others}명`),
  joined: who => `${who}이 들어왔어요`,
  added: (by, who) => `${by}이 ${who}을 추가했어요`,
  left: who => `${who}이 나갔어요`,
  removed: (by, who) => `${by}이 ${who}을 내보냈어요`,
  banned: (by, who) => `${by}이 ${who}을 차단했어요`,
  unbanned: (by, who) => `${by}이 ${who}의 차단을 해제했어요`,
  muted: (by, who) => `${by}이 ${who}의 채팅을 금지했어요`,
  unmuted: (by, who) => `${by}이 ${who}의 채팅 금지를 해제했어요`,
  appointed: (by, who) => `${by}이 ${who}을 운영진으로 임명했어요`,
  dismissed: (by, who) => `${by}이 ${who}을 운영진에서 해제했어요`,
  stepped_down: who => `${who}이 운영진에서 물러났어요`,
  deleted: (by, who) => `${by}이 ${who}의 메시지를 삭제했어요`,
  invited: by => `${by}이 초대 링크를 만들었어요`,
  invite_revoked: by => `${by}이 초대 링크를 없앴어요`,
  renamed: (by, name) => `${by}이 채팅방 이름을 바꿨어요: ‘${name}’`,
  described: by => `${by}이 채팅방 소개를 바꿨어요`,
  handed_over: (by, who) => `${by}이 ${who}에게 방장을 위임했어요`,
  made_public: by => `${by}이 공개 채팅방으로 바꿨어요`,
  made_private: by => `${by}이 비공개 채팅방으로 바꿨어요`,
  password_set: by => `${by}이 채팅방 비밀번호를 설정했어요`,
  password_removed: by => `${by}이 채팅방 비밀번호를 없앴어요`,
  slow: (by, interval) => `${by}이 슬로우 모드를 켰어요: ${interval}에 메시지 한 번`,
  not_slow: by => `${by}이 슬로우 모드를 껐어요`,
  resized: by => `${by}이 최대 인원을 바꿨어요`,
  more: count => `변경 ${count}개 더`,
}
export const happeningTexts = { en, ko }
export type HappeningTexts = Translation<typeof en>

/** An event of the moderation log, or one that the conversation shows as a quiet line. */
export type Happening = Pick<LogEntry, 'username' | 'member' | 'role'> & Partial<LogEntry> & { type: string }

/** Names of people who did the same; beyond, they are counted. */
const NAMES_MAX = 3
/** Changes other than joining and leaving that one line tells. */
const CHANGES_MAX = 3

/** What each setting that one event changed means. */
function settingsOf(
  one: Happening,
  by: string,
  nameOf: (username: string) => string,
  texts: HappeningTexts,
  language: string,
) {
  const { owner, name, description, is_public, has_password, slow_mode_s, max_members } = one
  return [
    owner !== undefined && texts.handed_over(by, nameOf(owner)),
    name !== undefined && texts.renamed(by, name),
    description !== undefined && texts.described(by),
    is_public !== undefined && (is_public ? texts.made_public(by) : texts.made_private(by)),
    has_password !== undefined && (has_password ? texts.password_set(by) : texts.password_removed(by)),
    slow_mode_s !== undefined &&
      (slow_mode_s > 0 ? texts.slow(by, durationName(slow_mode_s, language)) : texts.not_slow(by)),
    max_members !== undefined && texts.resized(by),
  ].filter(text => text !== false)
}

/** An event in words; several sentences if it changed several settings. */
export function describeHappening(
  one: Happening,
  displayName: (username: string) => string,
  texts: HappeningTexts,
  language: string,
): string[] {
  const nameOf = (username: string) => texts.person(displayName(username))
  const by = nameOf(one.username)
  const who = nameOf(one.member ?? '')
  switch (one.type) {
    case 'joined':
      return [one.member === one.username ? texts.joined(who) : texts.added(by, who)]
    case 'left':
      return [texts.left(who)]
    case 'role_changed':
      if (one.role === 'moderator') return [texts.appointed(by, who)]
      return [one.member === one.username ? texts.stepped_down(who) : texts.dismissed(by, who)]
    case 'room_changed':
      return settingsOf(one, by, nameOf, texts, language)
    case 'invited':
    case 'invite_revoked':
      return [texts[one.type](by)]
    case 'removed':
    case 'banned':
    case 'unbanned':
    case 'muted':
    case 'unmuted':
    case 'deleted':
      return [texts[one.type](by, who)]
    default:
      return []
  }
}

/** Names in a sentence, with the number of those beyond NAMES_MAX. */
function listNames(names: string[], texts: HappeningTexts): string {
  const shown = names.slice(0, names.length > NAMES_MAX ? NAMES_MAX - 1 : NAMES_MAX)
  return texts.list(shown, names.length - shown.length)
}

/** Many events in a row as one line: people who joined or left together, then the other changes. */
export function summarize(
  happenings: readonly Happening[],
  displayName: (username: string) => string,
  texts: HappeningTexts,
  language: string,
): string[] {
  const nameOf = (username: string) => texts.person(displayName(username))
  const joined = new Set<string>()
  const left = new Set<string>()
  const added = new Map<string, Set<string>>()
  const changes: string[] = []
  for (const one of happenings) {
    const { type, username, member = '' } = one
    if (type === 'left') left.add(nameOf(member))
    else if (type !== 'joined') changes.push(...describeHappening(one, displayName, texts, language))
    else if (username === member) joined.add(nameOf(member))
    else added.set(username, (added.get(username) ?? new Set()).add(nameOf(member)))
  }
  const names = (of: Set<string>) => listNames([...of], texts)
  const kept = changes.slice(0, CHANGES_MAX)
  const more = changes.length - kept.length
  return [
    ...(joined.size > 0 ? [texts.joined(names(joined))] : []),
    ...[...added].map(([by, whom]) => texts.added(nameOf(by), names(whom))),
    ...(left.size > 0 ? [texts.left(names(left))] : []),
    ...kept,
    ...(more > 0 ? [texts.more(more)] : []),
  ]
}
