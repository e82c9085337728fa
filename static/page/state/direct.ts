import type { ServerFrame } from '../../../schemas/frame.js'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import type { Http } from '../../client/index.js'
import { ahead } from '../load-ahead.js'
import { displayName, type People } from './people.js'
import type { Rooms } from './rooms.js'
import type { AccountState } from './state.js'
import type { Store } from './store.js'

const loadFrames = ahead(() => import('./direct-frame.js'))

/** How often the list is read again while the page is looked at, in case a frame was lost, ms. */
const READ_AGAIN_MS = 900_000

export interface DirectOptions {
  me: string
  http: Http
  store: Store<AccountState>
  people: People
  rooms: () => Rooms
  notify: (message: Message) => void
  /** Away from a conversation that was left on another device. */
  exit: (room_id: string) => unknown
}

/** The others in a direct conversation. */
export const othersIn = ({ usernames = [] }: Room, me: string) => usernames.filter(username => username !== me)

/** Direct conversations, which are rooms named by the others in them, and the users whom this one blocks. */
export function createDirect({ me, http, store, people, rooms, notify, exit }: DirectOptions) {
  /** The seqs up to which frames told of each conversation. */
  const told = new Map<string, number>()

  function named(room: Room): Room {
    if (room.kind !== 'direct') return room
    const others = othersIn(room, me)
    others.forEach(people.lookUpUser)
    return { ...room, name: others.map(other => displayName(store.state.people, other)).join(', ') }
  }
  const unsubscribe = store.subscribe('people', () => {
    const changed = [...store.state.rooms.values()].map(named).filter(({ id, name }) => {
      return name !== store.state.rooms.get(id)?.name
    })
    if (changed.length === 0) return
    const renamed = new Map(store.state.rooms)
    for (const room of changed) renamed.set(room.id, room)
    store.set({ rooms: renamed })
  })
  const timer = setInterval(() => document.hidden || rooms().findOwn(), READ_AGAIN_MS)

  function setBlocked(username: string, on: boolean) {
    const blocked = new Set(store.state.blocked)
    if (on) blocked.add(username)
    else blocked.delete(username)
    store.set({ blocked })
  }

  return {
    /** Gives the list of one's own rooms the direct conversations, and names them. */
    http: {
      ...http,
      room: async (id: string) => named(await http.room(id)),
      async rooms(query: Parameters<Http['rooms']>[0] = {}) {
        const page = await http.rooms(query)
        if (query.mine !== true || page.next !== undefined) return page
        const direct = await http.direct({ limit: limits.PAGE_MAX })
        return { rooms: [...page.rooms, ...direct.rooms.map(named)] }
      },
    } as Http,

    named,
    async frame(frame: ServerFrame) {
      if (frame.type === 'block') setBlocked(frame.username, frame.on)
      if (frame.type !== 'direct') return
      const script = await loadFrames().catch(() => null)
      if (!script) return rooms().findOwn()
      await script.directFrame(frame, { told, store, rooms: rooms(), notify, exit })
    },

    async loadBlocks() {
      const blocks = await http.blocks().catch(() => null)
      if (blocks) store.set({ blocked: new Set(blocks.map(({ username }) => username)) })
    },
    setBlocked,
    /** Others than the user are online in the conversation, or no longer. */
    presence(room_id: string, online: ReadonlySet<string>) {
      if (store.state.rooms.get(room_id)?.kind !== 'direct') return
      const is_online = [...online].some(username => username !== me)
      if (store.state.online_direct.has(room_id) === is_online) return
      const online_direct = new Set(store.state.online_direct)
      if (is_online) online_direct.add(room_id)
      else online_direct.delete(room_id)
      store.set({ online_direct })
    },
    close() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}
