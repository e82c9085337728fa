import type { ServerFrames } from '../../../schemas/frame.js'
import type { Message } from '../../../schemas/message.js'
import type { Rooms } from './rooms.js'
import type { AccountState } from './state.js'
import type { Store } from './store.js'

interface Context {
  store: Store<AccountState>
  notify: (message: Message) => void
  exit: (room_id: string) => unknown
  /** The seqs up to which frames told of each conversation. */
  told: Map<string, number>
  rooms: Rooms
}

/** Something was said in a direct conversation, which may be new to the list, or the user left it on another device. */
export async function directFrame(
  { room_id, as_of, hidden }: ServerFrames['direct'],
  { told, store, rooms, notify, exit }: Context,
): Promise<void> {
  const last = told.get(room_id) ?? 0
  if (hidden ? as_of < last : as_of <= last) return
  told.set(room_id, as_of)
  if (hidden) {
    await rooms.left(room_id)
    await exit(room_id)
    return
  }
  const known = store.state.rooms.get(room_id)
  await rooms.admitted(room_id).catch(() => {})
  const { unread = 0, last_message } = store.state.rooms.get(room_id) ?? {}
  // What comes from now on, the subscription tells.
  if (!known && unread > 0 && last_message) notify({ ...last_message, room_id } as Message)
}
