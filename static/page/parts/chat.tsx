import { useEffect } from 'preact/hooks'
import { Banner } from './banner.js'
import { CreateRoom } from './create-room.js'
import { KeysSheet } from './keys-sheet.js'
import { OwnProfile, ProfileCard } from './profile.js'
import { RoomView } from './room-view.js'
import { Sidebar } from './sidebar.js'
import { Sure } from './sure.js'
import { Trouble } from './trouble.js'
import { useSelected, useWords } from './use.js'
import { useKeys } from './use-keys.js'
import { useViewport } from './use-viewport.js'

export function Chat() {
  const in_room = useSelected(state => state.place.room_id !== null)
  const panel = useSelected(state => state.panel)
  const dialog = useSelected(state => state.dialog)
  useTitle()
  useKeys()
  useViewport()
  return (
    <div class={`chat${in_room ? ' in-room' : ''}${panel ? ' with-panel' : ''}`}>
      <Banner />
      <Sidebar />
      <RoomView />
      <Trouble />
      {dialog?.name === 'create_room' && <CreateRoom />}
      {dialog?.name === 'keys' && <KeysSheet />}
      {dialog?.name === 'own_profile' && <OwnProfile />}
      {dialog?.name === 'profile' && <ProfileCard key={dialog.username} username={dialog.username} />}
      {dialog?.name === 'sure' && <Sure question={dialog.question} yes={dialog.yes} act={dialog.act} />}
    </div>
  )
}

/** The tab says where one is and how much is unread, in words and by its icon. */
function useTitle() {
  const words = useWords()
  const rooms = useSelected(state => state.rooms)
  const room_id = useSelected(state => state.place.room_id)
  const muted = useSelected(state => state.muted)
  const name = rooms.get(room_id ?? '')?.name
  let unread = 0
  for (const room of rooms.values()) if (room.is_member && !muted.has(room.id)) unread += room.unread
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `${name} · ` : ''}${words.app_name}`
  }, [unread, name, words])
  const any = unread > 0
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (icon) icon.href = any ? '/assets/icon-unread.svg' : '/assets/icon.svg'
  }, [any])
  useEffect(
    () => () => {
      document.title = words.app_name
    },
    [words],
  )
}
