import type { Translation } from '../i18n/dictionary.js'

const en = {
  room_name: 'Room name',
  room_description: 'Description (optional)',
  room_visibility: 'Who can find this room',
  room_public: 'Anyone can find and join it.',
  room_private: 'Only the people you add can join.',
  more_settings: 'More settings',
  room_password: 'Password (optional)',
  room_password_hint: 'Anyone with the password can join, even a private room via its link.',
  room_size: 'Member limit (empty for none)',
  new_room_password: 'New password (leave empty to keep the current one)',
  remove_room_password: 'Remove the password',
}
const ko: Translation<typeof en> = {
  room_name: '채팅방 이름',
  room_description: '소개 (선택)',
  room_visibility: '공개 범위',
  room_public: '누구나 찾아서 참여할 수 있어요.',
  room_private: '내가 추가한 사람만 참여할 수 있어요.',
  more_settings: '추가 설정',
  room_password: '비밀번호 (선택)',
  room_password_hint: '비밀번호를 알면 비공개 채팅방도 링크로 참여할 수 있어요.',
  room_size: '최대 인원 (비워 두면 제한 없음)',
  new_room_password: '새 비밀번호 (비워 두면 그대로 유지)',
  remove_room_password: '비밀번호 없애기',
}
/** What the form for a new room and for a room's settings says. */
export const roomFormTexts = { en, ko }
