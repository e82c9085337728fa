import type { Message } from '../../../schemas/message.js'
import type { ProfileChange } from '../../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../../schemas/wire.js'
import { ApiError, type Connection, createConnection, createHttp, type LinkState } from '../../client/index.js'
import { type Place, readPlace, writePlace } from '../text/address.js'
import { chosenLanguage, explain, keepLanguage, type Language, languages } from '../words/index.js'
import { type Conversation, createConversation } from './conversation.js'
import { createDrafts } from './drafts.js'
import { keepMuted, readMuted } from './mutes.js'
import { canNote, createNotes } from './notes.js'
import { NOBODY } from './presence.js'
import { createRooms, type Rooms } from './rooms.js'
import { createSending, type Kept, type Sending } from './sending.js'
import { createSession } from './session.js'
import { openShelf } from './shelf.js'
import type { Dialog, Panel, Person, State } from './state.js'
import { createStore } from './store.js'

/** Conversations kept besides the one that is shown, so that going back shows them at once. */
const CONVERSATIONS_MAX = 8
const PEOPLE_MAX = 2000
/** Nothing tells of a public room that others made, nor with the bus away of one's own: the list is read so often, ms. */
const LOOK_MS = 30_000

export type App = ReturnType<typeof createApp>

/** The page's one state, and all that can be done to it. */
export function createApp() {
  const store = createStore<State>({
    stage: 'starting',
    ended: false,
    language: chosenLanguage(),
    me: null,
    link: null,
    place: readPlace(location),
    rooms: new Map(),
    rooms_list: 'loading',
    muted: new Set(),
    can_ask_notes: canNote() && Notification.permission === 'default',
    people: new Map(),
    newcomer: false,
    talk: null,
    panel: null,
    dialog: null,
    trouble: null,
  })
  /** Users that were asked for, or will be; each once. */
  const wondered = new Set<string>()
  let asking: Promise<unknown> = Promise.resolve()
  const conversations = new Map<string, Conversation>()
  const notes = createNotes()
  let connection: Connection | null = null
  let rooms: Rooms | null = null
  let sending: Sending | null = null
  /** The message at the top of the list, null at its end. */
  let reading: number | null = null
  let drafts = createDrafts(localStorage, '')

  const http = createHttp({ base_url: location.origin, token: () => session.token() })
  const session = createSession(() => http, {
    began({ user }, newcomer) {
      store.set({ stage: 'in', ended: false, me: user, newcomer, trouble: null })
      meet([user])
      enter(user.username)
    },
    renewed: token => connection?.auth(token),
    ended(by_itself) {
      // Who logs out leaves nothing behind for whoever is next at this machine.
      if (!by_itself && store.state.me) {
        shelfOf(store.state.me.username).clear()
        drafts.clear()
      }
      connection?.close()
      connection = rooms = sending = null
      conversations.clear()
      wondered.clear()
      store.set({
        stage: 'out',
        ended: by_itself,
        me: null,
        link: null,
        rooms: new Map(),
        rooms_list: 'loading',
        people: new Map(),
        talk: null,
        panel: null,
        dialog: null,
      })
    },
  })

  async function enter(me: string) {
    drafts = createDrafts(localStorage, me)
    store.set({ muted: readMuted(localStorage, me) })
    const shelf = shelfOf(me)
    const kept = await shelf.all()
    if (store.state.me?.username !== me || connection) return
    const outgoing = createSending({
      shelf,
      kept,
      connection: () => connection,
      changed: room_id => conversations.get(room_id)?.changed(),
    })
    sending = outgoing
    const opened = createConnection({
      base_url: location.origin,
      WebSocket,
      token: () => session.token() ?? '',
      on_state,
      storage: outgoing.storage,
      on_settled: outgoing.settled,
      on_frame(frame) {
        if (frame.type === 'profile') meet([frame])
        if (frame.type === 'admitted') admitted(frame.room_id)
      },
    })
    connection = opened
    rooms = createRooms({
      me,
      http,
      connection: opened,
      store,
      conversation: room_id => conversations.get(room_id),
      said: note,
    })
    await attempt(rooms.load())
    if (connection !== opened) return
    const { place, newcomer } = store.state
    // Who is new begins where everyone is, on a narrow screen too.
    if (newcomer && place.room_id === null) await go({ room_id: DEFAULT_ROOM_ID, message: null })
    else await show(place)
  }

  /** One is newly a member of a room; a failure leaves it to the next look at the list. */
  async function admitted(room_id: string) {
    await rooms?.admitted(room_id).catch(() => {})
    if (store.state.talk?.room_id === room_id && !conversations.has(room_id)) await show(store.state.place)
  }

  /** Somebody else said something in a room that one is in. */
  function note({ room_id, id, username, text }: Message) {
    const { rooms, muted, people } = store.state
    if (muted.has(room_id)) return
    const name = people.get(username)?.display_name || username
    notes.show({
      room_id,
      title: `${name} · ${rooms.get(room_id)?.name ?? ''}`,
      body: text,
      open: () => go({ room_id, message: id }),
    })
  }

  function on_state(link: LinkState) {
    store.set({ link })
    if (link.name === 'open') rooms?.flushMarks()
    else for (const conversation of conversations.values()) conversation.lost()
    // The token ran out while the page slept, or the session ended: the cookie knows which.
    if (link.name === 'closed' && link.next === 'login')
      session.renew().then(renewed => renewed && connection?.connect())
  }

  function meet(people: Person[]) {
    const known = new Map(store.state.people)
    for (const { username, display_name, avatar_color, status } of people) {
      known.set(username, { username, display_name, avatar_color, status })
    }
    for (const username of known.keys()) {
      if (known.size <= PEOPLE_MAX) break
      known.delete(username)
    }
    store.set({ people: known })
  }

  /** Asks who somebody is, one after the other, once each. */
  function wonder(username: string) {
    if (wondered.has(username) || wondered.size >= PEOPLE_MAX || store.state.people.has(username)) return
    wondered.add(username)
    asking = asking.then(async () => {
      if (store.state.stage !== 'in' || store.state.people.has(username)) return
      const profile = await http.profile(username).catch(() => null)
      if (profile) meet([profile])
    })
  }

  /** Does something whose failure belongs to no field: it is told in one line. @returns undefined where it failed */
  async function attempt<T>(doing: Promise<T>): Promise<T | undefined> {
    try {
      return await doing
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 401) await session.renew()
      tellTrouble(error)
      return undefined
    }
  }
  function tellTrouble(error: ApiError) {
    store.set({ trouble: explain(languages[store.state.language], error) })
  }

  /**
   * Shows what an address names; where it names no room, the default one, but for a narrow screen's list of rooms.
   * @param read_at the message to be shown where the address names none
   */
  async function show(place: Place, read_at: number | null = null): Promise<void> {
    if (store.state.stage !== 'in' || !rooms) return
    if (place.room_id === null) {
      if (matchMedia('(min-width: 48rem)').matches) return go({ room_id: DEFAULT_ROOM_ID, message: null }, 'replace')
      return store.set({ place, talk: null, panel: null })
    }
    const room_id = place.room_id
    const other = store.state.talk?.room_id !== room_id
    store.set({ place, ...(other && { talk: blank(room_id, 'loading'), panel: null }) })
    let room: Awaited<ReturnType<Rooms['find']>>
    try {
      room = await rooms.find(room_id)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (store.state.place.room_id === room_id) {
        store.set({ talk: blank(room_id, error.status === 404 ? 'missing' : 'failed') })
      }
      return
    }
    if (store.state.place.room_id !== room_id) return
    if (!room.is_member) return store.set({ talk: blank(room_id, 'outside') })
    const known = conversations.get(room_id)
    if (other) known?.opened(room)
    const conversation = known ?? converse(room)
    store.set({ talk: conversation.view() })
    const message = place.message ?? read_at
    if (message !== null) await conversation.show(message)
    else if (!other) await conversation.toEnd()
    if (other) greetMembers(room_id)
  }

  function converse(room: Parameters<typeof createConversation>[0]): Conversation {
    const me = store.state.me?.username as string
    const tell = () => {
      if (store.state.place.room_id === room.id && conversations.get(room.id) === conversation) {
        store.set({ talk: conversation.view() })
      }
    }
    const conversation = createConversation(room, {
      me,
      http,
      connection: connection as Connection,
      sending: sending as Sending,
      presence: () => rooms?.presence(room.id) ?? NOBODY,
      shown: () => store.state.talk?.room_id === room.id,
      tell,
    })
    conversations.delete(room.id)
    conversations.set(room.id, conversation)
    for (const [room_id, old] of conversations) {
      if (conversations.size <= CONVERSATIONS_MAX) break
      if (room_id !== room.id && !old.busy) conversations.delete(room_id)
    }
    conversation.opened(room)
    conversation.start(rooms?.resumeSeq(room.id) ?? room.last_seq)
    return conversation
  }

  /** Names and colours of those who are there, so that messages need not ask for each. */
  async function greetMembers(room_id: string) {
    const page = await http.members(room_id, { limit: 100 }).catch(() => null)
    const known = store.state.people
    if (page)
      meet(page.members.map(member => ({ status: known.get(member.username)?.status ?? 'available', ...member })))
  }

  function blank(room_id: string, standing: 'loading' | 'outside' | 'missing' | 'failed') {
    return {
      room_id,
      standing,
      messages: [],
      attached: true,
      has_older: false,
      outgoing: [],
      ...NOBODY,
      typing: [],
      unread_after: 0,
      target: null,
      replying: null,
      editing: null,
    }
  }

  function go(place: Place, how: 'push' | 'replace' = 'push'): Promise<void> {
    const address = writePlace(place)
    if (how === 'replace') history.replaceState(null, '', address)
    else if (address !== location.pathname + location.hash) {
      // So that going back leads to what was read before.
      history.replaceState({ read_at: reading }, '')
      history.pushState(null, '', address)
    }
    store.set({ place, trouble: null })
    return show(place)
  }

  /** Forgets what was known of a room, and looks at it again. */
  function again(room_id: string) {
    conversations.delete(room_id)
    // Whoever has gone on meanwhile is left where they are.
    if (store.state.place.room_id !== room_id) return
    store.set({ talk: null })
    return show(store.state.place)
  }

  /** A room that one is no longer in: elsewhere, where it is still shown. */
  async function away(room_id: string) {
    await rooms?.gone(room_id)
    conversations.delete(room_id)
    if (store.state.place.room_id === room_id) await go({ room_id: null, message: null }, 'replace')
  }

  /** Closes a dialog whose work is done. @returns false where the user has closed it meanwhile */
  function leaveDialog(dialog: Dialog): boolean {
    if (store.state.dialog !== dialog) return false
    store.set({ dialog: null })
    return true
  }

  async function startAgain() {
    store.set({ stage: 'starting' })
    await session.resume().then(
      resumed => resumed || store.set({ stage: 'out' }),
      () => store.set({ stage: 'unreachable' }),
    )
  }

  return {
    store,
    http,
    session,
    attempt,
    go,
    meet,
    wonder,
    talk: () => conversations.get(store.state.talk?.room_id ?? ''),
    /** Shows a message of the same room. */
    jump: (message: number) => go({ room_id: store.state.place.room_id, message }),
    reads(id: number | null) {
      reading = id
    },
    seen: (room_id: string, seq: number) => rooms?.seen(room_id, seq),
    typing: (on: boolean) => connection?.typing(store.state.talk?.room_id ?? '', on),
    reconnect: () => connection?.connect(),
    draft: (room_id: string) => drafts.of(room_id),
    keepDraft: (room_id: string, text: string) => drafts.keep(room_id, text),
    /** Sends a refused message again, or gives it up. */
    retry: (client_id: string) => sending?.retry(client_id),
    discard: (client_id: string) => sending?.discard(client_id),
    /** The word of welcome was read. */
    welcomed: () => store.set({ newcomer: false }),
    tellTrouble,

    async start() {
      addEventListener('popstate', ({ state }) => {
        const place = readPlace(location)
        store.set({ place })
        show(place, state?.read_at ?? null)
      })
      const check = () => {
        if (document.hidden) return
        connection?.check()
        rooms?.look()
        if (store.state.stage === 'unreachable') startAgain()
      }
      document.addEventListener('visibilitychange', check)
      addEventListener('online', check)
      setInterval(() => document.hidden || rooms?.look(), LOOK_MS)
      addEventListener('storage', ({ key }) => {
        const me = store.state.me?.username
        if (me !== undefined && (key === null || key.includes(me))) store.set({ muted: readMuted(localStorage, me) })
      })
      try {
        if (!(await session.resume())) store.set({ stage: 'out' })
      } catch {
        store.set({ stage: 'unreachable' })
      }
    },
    startAgain,
    mute(room_id: string, on: boolean) {
      const muted = new Set(store.state.muted)
      if (on) muted.add(room_id)
      else muted.delete(room_id)
      store.set({ muted })
      if (store.state.me) keepMuted(localStorage, store.state.me.username, muted)
    },
    async askNotes() {
      await notes.ask()
      store.set({ can_ask_notes: Notification.permission === 'default' })
    },

    speak(language: Language) {
      keepLanguage(language)
      store.set({ language })
    },
    panel: (panel: Panel) => store.set({ panel }),
    dialog: (dialog: Dialog) => store.set({ dialog }),
    leaveDialog,
    forget: () => store.set({ trouble: null }),

    /** @throws ApiError */
    async createRoom(creation: Parameters<typeof http.createRoom>[0]) {
      const { dialog } = store.state
      const room = await http.createRoom(creation)
      rooms?.entered(room)
      if (leaveDialog(dialog)) await go({ room_id: room.id, message: null })
    },
    /** @throws ApiError */
    async join(room_id: string, password?: string) {
      const room = await http.join(room_id, password)
      rooms?.entered(room)
      await again(room_id)
    },
    async leave(room_id: string) {
      await http.leave(room_id)
      await away(room_id)
    },
    async deleteRoom(room_id: string) {
      await http.deleteRoom(room_id)
      await away(room_id)
    },
    again,
    loadRooms: () => rooms && attempt(rooms.load()),
    refreshRoom: (room_id: string) => rooms?.refresh(room_id),
    /** @throws ApiError */
    async changeProfile(change: ProfileChange) {
      const { dialog } = store.state
      const user = await http.changeProfile(change)
      meet([user])
      const { online: _, ...me } = user
      store.set({ me })
      leaveDialog(dialog)
    },
  }
}

/** What is on its way, each account's by itself. */
const shelfOf = (me: string) => openShelf<Kept>(`talkie.outgoing.${me}`)
