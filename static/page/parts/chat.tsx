import { Banner } from './banner.js'
import { CreateRoom } from './create-room.js'
import { KeysSheet } from './keys-sheet.js'
import { OwnProfile, ProfileCard } from './profile.js'
import { RoomView } from './room-view.js'
import { Sidebar } from './sidebar.js'
import { Sure } from './sure.js'
import { TabTitle } from './tab-title.js'
import { Trouble } from './trouble.js'
import { useSelected } from './use.js'
import { useKeys } from './use-keys.js'
import { useViewport } from './use-viewport.js'

export function Chat() {
  const in_room = useSelected('place', place => place.room_id !== null)
  const panel = useSelected('panel')
  const dialog = useSelected('dialog')
  useKeys()
  useViewport()
  return (
    <div class={`chat${in_room ? ' in-room' : ''}${panel ? ' with-panel' : ''}`}>
      <TabTitle />
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
