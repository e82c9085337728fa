import type { Translation } from '../i18n/dictionary.js'

const en = {
  appoint_moderator: 'Make moderator',
  dismiss_moderator: 'Remove as moderator',
  unmute_member: 'Unmute',
  muted_member: 'Muted',
  hand_over_confirm: (name: string) => `Transfer ownership to ${name}? You’ll stay in the room as a member.`,
  hand_over: 'Transfer ownership',
  remove_confirm: (name: string) => `Remove ${name} from this room?`,
  unban: 'Unban',
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
}
/** What the panel of members offers to those who run the room. */
export const managingTexts = { en, ko }
