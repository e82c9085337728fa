import type { Translation } from '../i18n/dictionary.js'
import { number } from './number.js'

const en = {
  appoint_moderator: 'Make moderator',
  dismiss_moderator: 'Remove as moderator',
  unmute_member: 'Unmute',
  muted_member: 'Muted',
  hand_over_confirm: (name: string) => `Transfer ownership to ${name}? You’ll stay in the room as a member.`,
  hand_over: 'Transfer ownership',
  remove_confirm: (name: string) => `Remove ${name} from this room?`,
  unban: 'Unban',
  online_group: (count: number) => `Online ${number(count)}`,
  offline_group: (count: number) => `Offline ${number(count)}`,
  find_member: 'Find a member',
  no_member_found: 'No members found.',
  manage_member: (name: string) => `Manage ${name}`,
  add_member: 'Add member',
  remove: 'Remove',
  banned_group: (count: number) => `Banned ${count}`,
  moderator: 'Moderator',
  owner: 'Owner',
}
const ko: Translation<typeof en> = {
  appoint_moderator: '운영진으로 임명',
  dismiss_moderator: '운영진 해제',
  unmute_member: '채팅 금지 해제',
  muted_member: '채팅 금지됨',
  hand_over_confirm: name => `${name}님에게 방장을 위임할까요? 위임해도 멤버로 남아요.`,
  hand_over: '방장 위임',
  remove_confirm: name => `${name}님을 채팅방에서 내보낼까요?`,
  unban: '차단 해제',
  online_group: count => `온라인 ${number(count)}`,
  offline_group: count => `오프라인 ${number(count)}`,
  find_member: '이름으로 찾기 (초성도 돼요)',
  no_member_found: '찾는 멤버가 없어요.',
  manage_member: name => `${name}님 관리`,
  add_member: '멤버 추가',
  remove: '내보내기',
  banned_group: count => `차단된 사용자 ${count}`,
  moderator: '운영진',
  owner: '방장',
}
/** What the panel of members offers to those who run the room. */
export const managingTexts = { en, ko }
