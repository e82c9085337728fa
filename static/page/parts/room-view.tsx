import { Composer } from './composer.js'
import { Doorway } from './doorway.js'
import { MembersPanel } from './members-panel.js'
import { MessageList } from './message-list.js'
import { RoomHead } from './room-head.js'
import { SearchPanel } from './search-panel.js'
import { TypingLine } from './typing-line.js'
import { useSelected, useWords } from './use.js'
import { Welcome } from './welcome.js'

/** The room that is shown. */
export function RoomView() {
  const words = useWords()
  const talk = useSelected('talk')
  const room = useSelected('rooms', rooms => rooms.get(talk?.room_id ?? ''))
  const panel = useSelected('panel')
  if (!talk) return <p class="empty">{words.choose_room}</p>
  const inside = talk.standing === 'member' && room !== undefined
  return (
    <>
      <main class="room" key={talk.room_id}>
        <RoomHead talk={talk} room={room} />
        {inside ? (
          <>
            <Welcome room={room} />
            <MessageList talk={talk} room={room} />
            <TypingLine names={talk.typing} />
            <Composer talk={talk} room={room} />
          </>
        ) : talk.standing === 'loading' || talk.standing === 'member' ? (
          <p class="empty">{words.loading}</p>
        ) : (
          <Doorway talk={talk} room={room} />
        )}
      </main>
      {inside && panel === 'members' && <MembersPanel talk={talk} room={room} />}
      {inside && panel === 'search' && <SearchPanel room={room} />}
    </>
  )
}
