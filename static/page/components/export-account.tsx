import type { Translation } from '../i18n/index.js'
import { useOwnTexts } from './hooks.js'

const en = {
  title: 'Your data',
  what: 'Your profile, rooms, devices and everything you wrote, as a file with one JSON object per line.',
  download: 'Download',
}
const ko: Translation<typeof en> = {
  title: '내 데이터',
  what: '프로필, 채팅방, 로그인한 기기, 내가 쓴 모든 메시지를 한 줄에 JSON 하나씩 담은 파일로 받아요.',
  download: '내려받기',
}

/** Downloads the user's own data. The browser writes it to a file as it comes, so it need not fit into memory. */
export function ExportAccount() {
  const own = useOwnTexts({ en, ko })
  return (
    <section>
      <h3>{own.title}</h3>
      <div class="with-note">
        <p class="note">{own.what}</p>
        <a class="button" href="/users/me/export" download>
          {own.download}
        </a>
      </div>
    </section>
  )
}
