import { BrowseRooms } from './browse-rooms.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { ConnectionBanner } from './connection-banner.js'
import { CreateRoom } from './create-room.js'
import { ErrorToast } from './error-toast.js'
import { useAccountState, useAppState } from './hooks.js'
import { KeyboardShortcuts } from './keyboard-shortcuts.js'
import { EditProfile, ProfileCard } from './profile.js'
import { RoomView } from './room-view.js'
import { Sidebar } from './sidebar.js'
import { Switcher } from './switcher.js'
import { TabTitle } from './tab-title.js'
import { useShortcuts } from './use-shortcuts.js'
import { useViewport } from './use-viewport.js'

export function Chat() {
  const in_sheet = useAppState('route', route => route.room_id !== null || route.browsing === true)
  const browsing = useAppState('route', route => route.browsing === true)
  const dialog = useAccountState('dialog')
  useShortcuts()
  useViewport()
  return (
    <div class={in_sheet ? 'chat in-sheet' : 'chat'}>
      <TabTitle />
      <ConnectionBanner />
      <Sidebar />
      <div class="sheet">{browsing ? <BrowseRooms /> : <RoomView />}</div>
      <ErrorToast />
      {dialog?.name === 'create_room' && <CreateRoom />}
      {dialog?.name === 'keyboard_shortcuts' && <KeyboardShortcuts />}
      {dialog?.name === 'switcher' && <Switcher />}
      {dialog?.name === 'own_profile' && <EditProfile />}
      {dialog?.name === 'profile' && <ProfileCard key={dialog.username} username={dialog.username} />}
      {dialog?.name === 'confirm' && (
        <ConfirmDialog question={dialog.question} action={dialog.action} run={dialog.run} />
      )}
    </div>
  )
}
