import { Composer } from './composer.js'
import { useAccountState, useModerates, useTexts } from './hooks.js'
import { lazy } from './lazy.js'
import { MessageList } from './message-list.js'
import { RoomHeader } from './room-header.js'
import { Welcome } from './welcome.js'

const DirectPanel = lazy(() => import('./direct-panel.js').then(script => script.DirectPanel))
const InvitesPanel = lazy(() => import('./invites-panel.js').then(script => script.InvitesPanel))
const JoinRoom = lazy(() => import('./join-room.js').then(script => script.JoinRoom))
const LogPanel = lazy(() => import('./log-panel.js').then(script => script.LogPanel))
const MembersPanel = lazy(() => import('./members-panel.js').then(script => script.MembersPanel))
const RoomPanel = lazy(() => import('./room-panel.js').then(script => script.RoomPanel))
const SearchPanel = lazy(() => import('./search-panel.js').then(script => script.SearchPanel))

/** The open room. */
export function RoomView() {
  const texts = useTexts()
  const view = useAccountState('conversation')
  const room = useAccountState('rooms', rooms => rooms.get(view?.room_id ?? ''))
  const panel = useAccountState('panel')
  const moderates = useModerates(room ?? { is_moderator: false, is_public: false })
  if (!view) return <p class="empty">{texts.choose_room}</p>
  const inside = view.status === 'member' && room !== undefined
  return (
    <>
      <main class="room" key={view.room_id}>
        <RoomHeader view={view} room={room} />
        {inside ? (
          <>
            <Welcome room={room} />
            <MessageList view={view} room={room} />
            <Composer view={view} room={room} />
          </>
        ) : view.status === 'loading' || view.status === 'member' ? (
          <p class="empty">{texts.loading}</p>
        ) : (
          <JoinRoom view={view} room={room} />
        )}
      </main>
      {inside &&
        panel === 'about' &&
        (room.kind === 'direct' ? <DirectPanel room={room} /> : <RoomPanel room={room} />)}
      {inside && panel === 'invites' && moderates && <InvitesPanel key={room.id} room={room} />}
      {inside && panel === 'log' && <LogPanel view={view} room={room} />}
      {inside && panel === 'members' && <MembersPanel view={view} room={room} />}
      {(panel === 'search_all' || (inside && panel === 'search')) && (
        <SearchPanel room_id={view.room_id} everywhere={panel === 'search_all'} />
      )}
    </>
  )
}
