import type { Room } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { ApiError, type Connection, type Http } from '../../client/index.js'
import { type Conversation, createConversation } from './conversation.js'
import type { Outgoing } from './outgoing.js'
import type { People } from './people.js'
import { NO_PRESENCE } from './presence.js'
import type { Rooms } from './rooms.js'
import type { Router } from './router.js'
import type { AccountState, ConversationView } from './state.js'
import type { Store } from './store.js'

/** Conversations cached besides the open one, so that going back shows them at once. */
const CONVERSATIONS_MAX = 8
/** Members whose names are loaded when a room opens. */
const MEMBERS_MAX = 100

export interface ConversationsOptions {
  me: string
  http: Http
  store: Store<AccountState>
  router: Router
  people: People
  outgoing: Outgoing
  connection: () => Connection
  rooms: () => Rooms
}

export type Conversations = ReturnType<typeof createConversations>

/** The open room, and a cache of those that were open before. */
export function createConversations(options: ConversationsOptions) {
  const { me, http, store, router, people, outgoing } = options
  const cache = new Map<string, Conversation>()
  const isRoute = (room_id: string) => router.route.room_id === room_id

  /**
   * Opens the room that the route names; if it names none, the default room, or the list of rooms on a narrow screen; none on the screen of public rooms.
   * @param read_at the message to scroll to when the route names none
   */
  async function open(read_at: number | null = null): Promise<void> {
    const { room_id, message, screen } = router.route
    if (room_id === null) {
      if (!screen && matchMedia('(min-width: 48rem)').matches) {
        return router.go({ room_id: DEFAULT_ROOM_ID, message: null }, 'replace')
      }
      return store.set({ conversation: null, panel: null })
    }
    const other = store.state.conversation?.room_id !== room_id
    if (other) {
      const panel = store.state.panel === 'search_all' ? 'search_all' : null
      store.set({ conversation: emptyView(room_id, 'loading'), panel })
    }
    let room: Room
    try {
      room = await options.rooms().find(room_id)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (isRoute(room_id)) {
        store.set({ conversation: emptyView(room_id, error.status === 404 ? 'not_found' : 'failed') })
      }
      return
    }
    if (!isRoute(room_id)) return
    if (!room.is_member) return store.set({ conversation: emptyView(room_id, 'not_member') })
    const cached = cache.get(room_id)
    if (other) cached?.opened(room)
    const conversation = cached ?? start(room)
    store.set({ conversation: conversation.view() })
    const target = message ?? read_at
    if (target !== null) await conversation.show(target)
    else if (!other) await conversation.toEnd()
    if (other) loadMembers(room_id)
  }

  function start(room: Room): Conversation {
    const conversation = createConversation(room, {
      me,
      http,
      outgoing,
      connection: options.connection(),
      presence: () => options.rooms().presence(room.id),
      isOpen: () => store.state.conversation?.room_id === room.id,
      on_view() {
        if (isRoute(room.id) && cache.get(room.id) === conversation) store.set({ conversation: conversation.view() })
      },
    })
    cache.delete(room.id)
    cache.set(room.id, conversation)
    for (const [room_id, old] of cache) {
      if (cache.size <= CONVERSATIONS_MAX) break
      if (room_id !== room.id && !old.busy) cache.delete(room_id)
    }
    conversation.opened(room)
    conversation.start(options.rooms().resumeSeq(room.id) ?? room.last_seq)
    return conversation
  }

  /** Caches the members' names and colors, so that their messages need no lookup each. */
  async function loadMembers(room_id: string) {
    const page = await http.members(room_id, { limit: MEMBERS_MAX }).catch(() => null)
    if (!page) return
    const known = store.state.people
    people.cacheUsers(
      page.members.map(member => ({ status: known.get(member.username)?.status ?? 'available', ...member })),
    )
  }

  return {
    open,
    get: (room_id: string): Conversation | undefined => cache.get(room_id),
    /** The open room's, if the user is a member. */
    current: (): Conversation | undefined => cache.get(store.state.conversation?.room_id ?? ''),

    /** The connection is lost: nobody is known to be typing. */
    disconnected() {
      for (const conversation of cache.values()) conversation.disconnected()
    },

    forget: (room_id: string) => cache.delete(room_id),
    /** Drops what is known of a room and loads it again, unless the user has gone to another room meanwhile. */
    async reopen(room_id: string) {
      cache.delete(room_id)
      if (!isRoute(room_id)) return
      store.set({ conversation: null })
      await open()
    },
  }
}

function emptyView(room_id: string, status: ConversationView['status']): ConversationView {
  return {
    room_id,
    status,
    ended: null,
    messages: [],
    notes: [],
    changed_at: 0,
    quotes: new Map(),
    attached: true,
    has_older: false,
    outgoing: [],
    ...NO_PRESENCE,
    typing: [],
    unread_after: 0,
    target: null,
    replying: null,
    editing: null,
  }
}
