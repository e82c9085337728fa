import { useEffect } from 'preact/hooks'
import { loadAhead } from '../load-ahead.js'
import { ConnectionBanner } from './connection-banner.js'
import { ErrorToast } from './error-toast.js'
import { useAccountState, useAppState } from './hooks.js'
import { lazy } from './lazy.js'
import { FormattedText } from './message-text.js'
import { RoomView } from './room-view.js'
import { Sidebar } from './sidebar.js'
import { TabTitle } from './tab-title.js'
import { useShortcuts } from './use-shortcuts.js'
import { useViewport } from './use-viewport.js'

const AccountSettings = lazy(() => import('./account-settings.js').then(script => script.AccountSettings))
const Administration = lazy(() => import('../administration/administration.js').then(script => script.Administration))
const BrowseRooms = lazy(() => import('./browse-rooms.js').then(script => script.BrowseRooms))
const ConfirmDialog = lazy(() => import('./confirm-dialog.js').then(script => script.ConfirmDialog))
const CreateRoom = lazy(() => import('./create-room.js').then(script => script.CreateRoom))
const EditProfile = lazy(() => import('./profile.js').then(script => script.EditProfile))
const KeyboardShortcuts = lazy(() => import('./keyboard-shortcuts.js').then(script => script.KeyboardShortcuts))
const MessageVersions = lazy(() => import('./message-versions.js').then(script => script.MessageVersions))
const MentionsList = lazy(() => import('./mentions-list.js').then(script => script.MentionsList))
const NewDirect = lazy(() => import('./new-direct.js').then(script => script.NewDirect))
const ProfileCard = lazy(() => import('./profile.js').then(script => script.ProfileCard))
const LeaveRoom = lazy(() => import('./leave-room.js').then(script => script.LeaveRoom))
const RestrictMember = lazy(() => import('./restrict-member.js').then(script => script.RestrictMember))
const RoomSettings = lazy(() => import('./create-room.js').then(script => script.RoomSettings))
const Switcher = lazy(() => import('./switcher.js').then(script => script.Switcher))

export function Chat() {
  const is_admin = useAccountState('me', me => me.is_admin)
  const screen = useAppState('route', route => route.screen)
  const administering = screen === 'administration' && is_admin
  const browsing = screen === 'browse'
  const in_sheet = useAppState('route', route => route.room_id !== null) || browsing || administering
  const dialog = useAccountState('dialog')
  const loaded = useAccountState('rooms_status', status => status !== 'loading')
  useEffect(() => {
    FormattedText.load().catch(() => {})
  }, [])
  useEffect(() => {
    if (loaded) loadAhead()
  }, [loaded])
  useShortcuts()
  useViewport()
  return (
    <div class={in_sheet ? 'chat in-sheet' : 'chat'}>
      <TabTitle />
      <ConnectionBanner />
      <Sidebar />
      <div class="sheet">{administering ? <Administration /> : browsing ? <BrowseRooms /> : <RoomView />}</div>
      <ErrorToast />
      {dialog?.name === 'create_room' && <CreateRoom />}
      {dialog?.name === 'room_settings' && <RoomSettings key={dialog.room.id} room={dialog.room} />}
      {dialog?.name === 'leave_room' && <LeaveRoom room={dialog.room} />}
      {dialog?.name === 'restrict' && <RestrictMember room={dialog.room} username={dialog.username} how={dialog.how} />}
      {dialog?.name === 'versions' && <MessageVersions message={dialog.message} />}
      {dialog?.name === 'keyboard_shortcuts' && <KeyboardShortcuts />}
      {dialog?.name === 'switcher' && <Switcher />}
      {dialog?.name === 'mentions' && <MentionsList />}
      {dialog?.name === 'new_direct' && <NewDirect />}
      {dialog?.name === 'own_profile' && <EditProfile />}
      {dialog?.name === 'account' && <AccountSettings />}
      {dialog?.name === 'profile' && <ProfileCard key={dialog.username} username={dialog.username} />}
      {dialog?.name === 'confirm' && (
        <ConfirmDialog question={dialog.question} action={dialog.action} run={dialog.run} />
      )}
    </div>
  )
}
