import { createHttp } from '../static/client/index.js'

/** Of every user of the scene. */
export const PASSWORD = 'correct horse battery'

const people = [
  ['minji', '김민지', '#3f63bb'],
  ['jun', '박준', '#217969'],
  ['sora', '이소라', '#b2436c'],
  ['maya', 'Maya Lindqvist', '#a75423'],
  ['haneul', '정하늘', '#1b72a8'],
  ['harin', '서하린', '#b94339'],
] as const
type Username = (typeof people)[number][0]

const rooms = [
  { name: '제품 개발', description: '제품 2.4 릴리스까지의 일정과 결정', owner: 'jun' },
  { name: '운영팀', description: '장애와 백업을 이야기합니다.', owner: 'haneul', is_public: false },
  { name: '배포 알림', description: '배포가 시작되고 끝날 때 봇이 알립니다.', owner: 'haneul' },
  { name: 'Support EN', description: 'Questions from customers. Answer within one working day.', owner: 'maya' },
  { name: '디자인', description: '아이콘, 색, 글자', owner: 'sora' },
  {
    name: '책 읽는 모임',
    description: '격주 목요일 저녁. 이번 책은 『한국의 종이』.',
    owner: 'sora',
    password: 'sesame',
  },
  { name: 'Kernel reading', description: 'We read one subsystem a month. Currently: io_uring.', owner: 'maya' },
  { name: '사진', description: '여행, 고양이, 오늘의 하늘.', owner: 'harin' },
] as const
type RoomName = (typeof rooms)[number]['name']

/** `minji` is a member of these. */
const joined: readonly RoomName[] = ['제품 개발', '운영팀', '배포 알림', 'Support EN', '디자인']

const said: [room: RoomName, who: Username, text: string, reply_to?: string][] = [
  ['디자인', 'sora', '아이콘 선 굵기를 1.8로 통일했어요.'],
  ['제품 개발', 'jun', '2.4 릴리스 후보를 올렸어요. 내일 오전에 같이 봐 주세요.'],
  ['제품 개발', 'jun', '자세한 내용은 https://notes.example/resume 에 있습니다.'],
  [
    '제품 개발',
    'maya',
    "Morning! Resume after a restart works on staging now: no gaps in 40 runs.\n```\nsocket.send({ type: 'subscribe', room_id, after: last_seq })\n```",
  ],
  ['제품 개발', 'sora', '확인했어요. 선을 두 번 뽑아 봤는데 빠지거나 겹친 메시지가 없네요.', 'Morning!'],
  ['제품 개발', 'harin', '이 파일은 지워 주세요'],
  ['제품 개발', 'minji', '좋아요, 오후에 `talkie backup`까지 한 번 더 볼게요.'],
  ['제품 개발', 'haneul', '점심 뭐 먹을까요? 12시에 김밥 어때요?'],
  ['제품 개발', 'minji', '좋아요, 저도 갈게요. 자리는 네 명이면 되죠?'],
  ['운영팀', 'haneul', '백업은 새벽 3시에 끝났습니다'],
  ['배포 알림', 'haneul', 'v2.4.0-rc.1 스테이징 배포를 시작합니다'],
  ['배포 알림', 'haneul', 'v2.4.0-rc.1 스테이징 배포 완료'],
  ['Support EN', 'maya', 'Fixed in rc.1, closing'],
]

/** Fills an empty server with people, rooms and messages, always the same ones. @returns the ids of the rooms */
export async function fillScene(base_url: string): Promise<Record<RoomName, string>> {
  const clients = new Map<Username, ReturnType<typeof createHttp>>()
  for (const [username, display_name, avatar_color] of people) {
    const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
    const http = createHttp({ base_url, token: () => token })
    await http.changeProfile({ display_name, avatar_color })
    clients.set(username, http)
  }
  const as = (username: Username) => clients.get(username) as ReturnType<typeof createHttp>
  const ids = {} as Record<RoomName, string>
  for (const { owner, ...creation } of rooms) {
    const { id } = await as(owner).createRoom(creation)
    ids[creation.name] = id
    if (joined.includes(creation.name)) await as(owner).addMember(id, 'minji')
  }
  for (const username of ['sora', 'maya', 'haneul', 'harin'] as const) await as(username).join(ids['제품 개발'])
  const seqs = new Map<string, number>()
  for (const [room, who, text, reply_to] of said) {
    const original = reply_to === undefined ? undefined : seqs.get(reply_to)
    const sending = { text, ...(original !== undefined && { reply_to: original }) }
    const { id } = await as(who).send(ids[room], sending)
    seqs.set(text.split(' ')[0] as string, id)
    if (who === 'harin') await as(who).delete(ids[room], id)
  }
  await as('minji').markRead(ids['제품 개발'], seqs.get('Morning!') as number)
  await as('minji').markRead(ids.디자인, seqs.get('아이콘') as number)
  return ids
}
