import { errors } from '../../schemas/error.js'
import { noteTypes } from '../../schemas/event-types.js'
import type { Note } from '../../schemas/log-entry.js'
import type { Message, Page, PageQuery, Preview, VersionPage, VersionsQuery } from '../../schemas/message.js'
import { limits as wire } from '../../schemas/wire.js'
import { prices } from '../budgets/index.js'
import { withReactions } from '../reactions/index.js'
import { type RoomLog, shownPart } from '../room-log/index.js'
import { assertNotBanned, assertVisible, emptiedIn, hasPreview, type Rooms } from '../rooms/index.js'
import { bytesOf, foldMessage, type Store } from '../store/index.js'

/** Messages of a preview. */
export const PREVIEW_MAX = 20
/** Notes of one page of history; older ones are left out. */
const NOTES_MAX = 100

/** Pages of a room's history. */
export function createPages(store: Store, roomLog: RoomLog, rooms: Rooms) {
  /** What happened to members and settings between two seqs. */
  async function readNotes(room_id: string, after: number, before: number): Promise<Note[]> {
    const found = await store.readNewest(room_id, noteTypes, { after, before, limit: NOTES_MAX })
    // An event without an author ends a claim of a name.
    return found.filter(({ username }) => username !== '').map(event => shownPart(event) as Note)
  }

  return {
    /** The newest messages of a public room, for users who think of joining. @throws RoomNotFound, Banned, PreviewOff */
    async preview(room_id: string, username: string): Promise<Preview> {
      const view = await roomLog.view(room_id, [username])
      const room = assertVisible(view, room_id, username)
      if (!view.isMember(username)) {
        assertNotBanned(view, username)
        if (!hasPreview(room)) throw new errors.PreviewOff(room_id)
      }
      const newest = await store.readPage(room_id, { limit: PREVIEW_MAX })
      const kept = newest.filter(({ message }) => message.seq > room.emptied_seq)
      const found = (await withReactions(store, room_id, kept.map(foldMessage))).reverse()
      return { messages: found.slice(0, countFitting(found)).reverse() }
    },

    /** The texts that a message has had. @throws RoomNotFound, NotMember, MessageNotFound, MessageDeleted */
    async versions(room_id: string, username: string, id: number, query: VersionsQuery): Promise<VersionPage> {
      const view = await rooms.assertMember(room_id, username)
      const { limit = wire.PAGE_DEFAULT, after = 0 } = query
      const edits = await store.readEdits(room_id, id, { after, limit: limit + 1 })
      // After its edits: a message that was deleted meanwhile shows none of its texts.
      const [target] = await store.readTargets(room_id, [id])
      if (!target || id <= emptiedIn(view)) throw new errors.MessageNotFound(id)
      if (target.newest?.type === 'deleted') throw new errors.MessageDeleted(id)
      const found = (after < id ? [target.message, ...edits] : edits).map(event => ({
        ...event,
        text: event.text ?? '',
      }))
      const count = Math.min(limit, countFitting(found))
      const versions = found.slice(0, count).map(({ seq, text, created_at }) => ({ seq, text, created_at }))
      return { versions, has_more: found.length > count }
    },

    /** @throws RoomNotFound, NotMember */
    async page(room_id: string, username: string, query: PageQuery): Promise<Page> {
      const view = await rooms.assertMember(room_id, username)
      const { limit = wire.PAGE_DEFAULT, before, after, ids } = query
      const emptied_seq = emptiedIn(view)
      const rest = { seq: view.seq, ...(emptied_seq > 0 && { emptied_seq }) }
      if (ids !== undefined) {
        const seqs = [...new Set(ids.split(',').map(Number))]
        const asked = seqs.filter(
          seq => seq > Math.max(after ?? 0, emptied_seq) && seq < (before ?? Number.POSITIVE_INFINITY),
        )
        const targets = (await store.readTargets(room_id, asked)).map(foldMessage)
        const found = await withReactions(store, room_id, targets, username)
        const count = countFitting(found)
        return { messages: found.slice(0, count), has_more: found.length > count, ...rest }
      }
      const isBackwards = after === undefined
      const found = await store.readPage(room_id, {
        limit: limit + 1,
        ...(isBackwards ? before !== undefined && { before } : { after: Math.max(after, emptied_seq) }),
      })
      /** In the order in which the page is filled. */
      const folded = (isBackwards ? found.toReversed() : found)
        .filter(({ message }) => message.seq > emptied_seq && (before === undefined || message.seq < before))
        .map(foldMessage)
      const candidates = await withReactions(store, room_id, folded, username)
      const count = Math.min(limit, countFitting(candidates))
      const kept = candidates.slice(0, count)
      if (isBackwards) kept.reverse()
      const has_more = candidates.length > count
      // From the page's end where the next one begins to where this one was asked to begin.
      const from = isBackwards && has_more ? (kept[0]?.id ?? 0) : (after ?? 0)
      const to = !isBackwards && has_more ? (kept.at(-1)?.id ?? 0) : (before ?? Number.MAX_SAFE_INTEGER)
      const notes = await readNotes(room_id, Math.max(from, emptied_seq), to)
      return { messages: kept, ...(notes.length > 0 && { notes }), has_more, ...rest }
    },
  }
}

type Said = Pick<Message, 'text' | 'mentions' | 'reactions'>

/** The price of the JSON of a page with these messages, µs. */
export const priceOfEncoding = (messages: Said[]) =>
  messages.reduce((bytes, message) => bytes + bytesOf(message), 0) * prices.encoded_byte

/** How many of the messages fit on a page; one always does. */
export function countFitting(messages: Said[]): number {
  let bytes = 0
  const at = messages.findIndex(message => {
    bytes += bytesOf(message)
    return bytes > wire.PAGE_BYTES_MAX
  })
  return at === -1 ? messages.length : at
}
