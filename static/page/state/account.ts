import type { Message } from '../../../schemas/message.js'
import type { RoomCreation } from '../../../schemas/room.js'
import type { OwnUser, ProfileChange } from '../../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import {
  ApiError,
  type Connection,
  type ConnectionOptions,
  type ConnectionState,
  createConnection,
  type Http,
} from '../../client/index.js'
import { describeError, type Language, languages } from '../i18n/index.js'
import { browserStorage } from './browser-storage.js'
import { createConversations } from './conversations.js'
import { createDirect } from './direct.js'
import { createDrafts } from './drafts.js'
import { type Notifications, notificationOf } from './notifications.js'
import type { OutboxStorage } from './outbox-storage.js'
import { createOutgoing, type StoredRequest } from './outgoing.js'
import { createPeople } from './people.js'
import { loadMarks, type Mark, saveMarks } from './room-marks.js'
import { createRooms, type Rooms } from './rooms.js'
import type { Router } from './router.js'
import type { Session } from './session.js'
import type { AccountState, OpenDialog, Panel } from './state.js'
import { createStore } from './store.js'
import { createSubscriptions } from './subscriptions.js'

export interface AccountOptions {
  user: OwnUser
  /** The account was created just now. */
  is_new_user: boolean
  http: Http
  session: Session
  router: Router
  notifications: Notifications
  language: () => Language
  /** This user's unsent messages, and what an earlier visit left in it, oldest first. */
  storage: OutboxStorage<StoredRequest>
  stored: readonly StoredRequest[]
}

export type Account = ReturnType<typeof createAccount>

/**
 * All that belongs to one login: its state, its connection, its rooms. It is made at login and dropped whole at logout,
 * so that an answer which comes late changes a state that nobody reads any more.
 */
export function createAccount(options: AccountOptions) {
  const { user, http, session, router, notifications, storage, stored } = options
  const me = user.username
  const loadAllMarks = () => ({
    muted: loadMarks(browserStorage, me, 'muted'),
    favorites: loadMarks(browserStorage, me, 'favorites'),
    collapsed: loadMarks(browserStorage, me, 'collapsed'),
  })
  const store = createStore<AccountState>({
    me: user,
    is_new_user: options.is_new_user,
    connection: null,
    rooms: new Map(),
    online_direct: new Set(),
    blocked: new Set(),
    rooms_status: 'loading',
    ...loadAllMarks(),
    has_more_rooms: false,
    people: new Map(),
    ...{ conversation: null, seen: null, unread_by: null },
    panel: null,
    dialog: null,
    error: null,
    outdated: false,
  })
  const closing = new AbortController()
  const drafts = createDrafts(browserStorage, me)
  const people = createPeople(store, http, options.language)
  people.cacheUsers([user])

  // These need each other: each is asked for when it is needed.
  const outgoing = createOutgoing({
    storage,
    stored,
    connection: () => connection,
    on_change: room_id => conversations.get(room_id)?.changed(),
  })
  const conversations = createConversations({
    ...{ me, http, store, router, people, outgoing },
    connection: () => connection,
    rooms: () => rooms,
  })
  const direct = createDirect({ ...{ me, http, store, people, notify, exit }, rooms: () => rooms })
  const socket: ConnectionOptions = {
    base_url: location.origin,
    WebSocket,
    token: () => session.token() ?? '',
    http,
    on_frame(frame) {
      if (frame.type === 'profile') people.cacheUsers([frame])
      if (frame.type === 'rights') setRights(frame)
      if (frame.type === 'admitted') admitted(frame.room_id)
      direct.frame(frame)
    },
  }
  const connection: Connection = createConnection({
    ...socket,
    on_state,
    storage: outgoing.pending,
    on_settled: outgoing.settled,
  })
  const subscriptions = createSubscriptions(connection, () => createConnection(socket), direct.presence)
  const rooms: Rooms = createRooms({
    ...{ me, http: direct.http, connection, subscriptions, store },
    conversation: conversations.get,
    on_unfollowed: conversations.forget,
    on_message: notify,
  })
  /** Whether the connection was open before: what happened since then no frame has told. */
  let was_open = false

  addEventListener(
    'storage',
    ({ key }) => {
      if (key === null || key.includes(me)) store.set(loadAllMarks())
    },
    { signal: closing.signal },
  )

  function on_state(state: ConnectionState) {
    store.set({ connection: state })
    if (state.name === 'open' || state.name === 'over_http') rooms.flushMarks()
    if (state.name === 'open') {
      direct.loadBlocks()
      if (was_open) rooms.reload()
      else rooms.findOwn()
      // An administrator can be dismissed before the first socket is open.
      if (was_open || store.state.me.is_admin) http.me().then(setRights, () => {})
      was_open = true
    } else conversations.disconnected()
    // The token expired while the page slept, or the session ended: the cookie decides.
    if (state.name === 'closed' && state.next === 'login')
      session.renew().then(renewed => renewed && !closing.signal.aborted && connection.connect())
  }

  const setRights = ({ is_admin }: Pick<OwnUser, 'is_admin'>) => store.set({ me: { ...store.state.me, is_admin } })

  /** The user became a member of a room. If this fails, the next load of the list finds the room. */
  async function admitted(room_id: string) {
    await rooms.admitted(room_id).catch(() => {})
    if (store.state.conversation?.room_id === room_id && !conversations.get(room_id)) await conversations.open()
  }

  function notify(message: Message) {
    const { room_id, id } = message
    const shown = notificationOf(message, store.state)
    if (shown) notifications.show({ ...shown, room_id, open: () => router.go({ room_id, message: id }) })
  }

  /** Waits for a request and shows its failure to the user. @returns undefined if it failed */
  async function attempt<T>(request: Promise<T>): Promise<T | undefined> {
    try {
      return await request
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 401) await session.renew()
      showError(error)
      return undefined
    }
  }
  function showError(error: ApiError) {
    store.set({ error: describeError(languages[options.language()], error) })
  }

  /** Closes the dialog of a request that is done. @returns false if the user has closed it meanwhile */
  function finishDialog(dialog: OpenDialog): boolean {
    if (store.state.dialog !== dialog) return false
    store.set({ dialog: null })
    return true
  }

  /** On a screen where the panel lies over the room, the browser’s Back closes it. */
  function showPanel(panel: Panel) {
    if (panel === null && router.leaveLayer()) return
    const covers = panel !== null && store.state.panel === null && !matchMedia('(min-width: 64rem)').matches
    if (covers) router.openLayer(() => store.set({ panel: null }))
    store.set({ panel })
  }

  /** The user is no longer a member: away from the room, if it is still open. */
  async function exit(room_id: string) {
    conversations.forget(room_id)
    if (router.route.room_id === room_id) await router.go({ room_id: null, message: null }, 'replace')
  }

  return {
    store,
    http,
    people,
    drafts,
    outgoing,
    conversations,
    rooms,
    direct,
    attempt,
    showError,
    finishDialog,

    /** Loads the rooms and opens the one that the route names. */
    async start() {
      await attempt(rooms.load())
      if (closing.signal.aborted) return
      const { room_id, screen } = router.route
      // A new user begins in the room where everyone is, on a narrow screen too.
      if (options.is_new_user && room_id === null && !screen) {
        await router.go({ room_id: DEFAULT_ROOM_ID, message: null })
      } else if (room_id === null || store.state.conversation?.room_id !== room_id) {
        // One that the user opened while the list was loading keeps its place.
        await conversations.open()
      }
    },
    /** @param forget the user logged out: nothing stays behind for the next user of this browser */
    close(forget: boolean) {
      if (forget) {
        storage.clear()
        drafts.clear()
      }
      closing.abort()
      subscriptions.each(one => one.close())
      rooms.close()
      direct.close()
      people.close()
    },

    authenticate(token: string) {
      subscriptions.each(one => {
        one.auth(token)
        // One that was closed because the old token had expired; an open one stays as it is.
        one.connect()
      })
    },
    reconnect: connection.connect,
    /** The page is visible again, or the network is back. */
    check() {
      subscriptions.each(one => one.check())
      rooms.reload()
    },
    setTyping: (on: boolean) => subscriptions.typing(store.state.conversation?.room_id ?? '', on),

    showPanel,
    showDialog: (dialog: OpenDialog) => store.set({ dialog }),
    scriptFailed() {
      store.set({ dialog: null, outdated: true })
      showPanel(null)
    },
    dismissError: () => store.set({ error: null }),
    dismissWelcome: () => store.set({ is_new_user: false }),

    loadRooms: () => attempt(rooms.load()),
    /** @param id a room's, or the name of a section for `collapsed` */
    mark(mark: Mark, id: string, on: boolean) {
      const marked = new Set(store.state[mark])
      if (on) marked.add(id)
      else marked.delete(id)
      store.set({ [mark]: marked })
      saveMarks(browserStorage, me, mark, marked)
    },
    /** @throws ApiError */
    async createRoom(creation: RoomCreation) {
      const { dialog } = store.state
      const room = await http.createRoom(creation)
      rooms.entered(room)
      if (finishDialog(dialog)) await router.go({ room_id: room.id, message: null })
    },
    /** @throws ApiError */
    async joinRoom(room_id: string, password?: string) {
      rooms.entered(await http.join(room_id, password))
      await conversations.reopen(room_id)
    },
    /** @throws ApiError */
    async leaveRoom(room_id: string, refuse_adding = false) {
      await http.leave(room_id, refuse_adding)
      await rooms.left(room_id)
      await exit(room_id)
    },
    /** @throws ApiError */
    async deleteRoom(room_id: string) {
      await http.deleteRoom(room_id)
      rooms.deleted(room_id)
      await exit(room_id)
    },
    /** @throws ApiError */
    async changeProfile(change: ProfileChange) {
      const { dialog } = store.state
      const { online: _, ...user } = await http.changeProfile(change)
      people.cacheUsers([user])
      store.set({ me: { ...store.state.me, ...user } })
      finishDialog(dialog)
    },
  }
}
