import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Read } from '../../../schemas/read-counts.js'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError } from '../../client/index.js'
import type { ConversationView } from '../state/state.js'
import { countUnread, foldMembers, foldSeen, type ReadState, readReads } from '../text/read-counts.js'
import { useAccount, useAccountState } from './hooks.js'

/** Interval at which the marks are read again: a frame that tells of them can be lost, ms. */
const AGAIN_MS = 60_000
/**
 * Delay before the marks are read after a change, ms. Of many changes only the last one counts, and one that ended the
 * membership is followed by word of that.
 */
const CHANGED_MS = 1000

/** Keeps how many members have not read each message of the open room. It draws nothing: the rows show it. */
export function ReadCounts({ view, room }: { view: ConversationView; room: Room }) {
  const account = useAccount()
  const me = useAccountState('me', me => me.username)
  const seen = useAccountState('seen')
  const open = useAccountState('connection', connection => connection?.name === 'open')
  const [state, setState] = useState<ReadState | null>(null)
  /** What frames told, also before the marks were there, by user. */
  const told = useRef(new Map<string, Read>())
  const shows = view.status === 'member' && room.read_counts && room.member_count <= limits.READS_MAX
  useEffect(() => {
    if (!shows) return setState(null)
    let closed = false
    async function read() {
      if (document.hidden) return
      try {
        const reads = await account.http.reads(room.id)
        if (!closed) setState(known => foldSeen(readReads(reads, known), [...told.current.values()]))
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        if (!closed && error.code === 'READ_COUNTS_OFF') setState(null)
      }
    }
    const soon = setTimeout(read, state ? CHANGED_MS : 0)
    const timer = setInterval(read, AGAIN_MS)
    document.addEventListener('visibilitychange', read)
    return () => {
      closed = true
      clearTimeout(soon)
      clearInterval(timer)
      document.removeEventListener('visibilitychange', read)
    }
    // Members may have come or gone, or frames been lost.
  }, [account, room.id, shows, open, view.changed_at])
  useLayoutEffect(() => {
    if (seen?.room_id !== room.id) return
    for (const read of seen.reads) {
      if (read.seq > (told.current.get(read.username)?.seq ?? 0)) told.current.set(read.username, read)
    }
    setState(known => known && foldSeen(known, seen.reads))
  }, [seen, room.id])
  // The user's own mark, at once.
  const { last_read_seq } = room
  useLayoutEffect(() => {
    const own = { username: me, seq: last_read_seq }
    setState(known => known && foldSeen(known, [own]))
  }, [me, last_read_seq])
  useLayoutEffect(() => {
    const now = state && shows ? foldMembers(state, view.notes) : null
    account.store.set({ unread_by: now && (message => countUnread(now, message)) })
  }, [state, shows, view.notes])
  useLayoutEffect(() => () => account.store.set({ unread_by: null }), [account])
  return null
}
