import type { Message } from '../../../schemas/message.js'
import { displayName } from './people.js'
import type { AccountState } from './state.js'

/** Lock that every tab holds, shared, while the user looks at it. */
const FOCUSED = 'talkie.looked-at'
/** Lock of the one tab that shows notifications. */
const NOTIFIER = 'talkie.teller'
/** Characters of a notification's text; systems show no more either. */
const BODY_MAX = 200

export type Notifications = ReturnType<typeof createNotifications>

/** What a notification of a message says; null if the user wants none. */
export function notificationOf(
  { room_id, username, text }: Message,
  { rooms, muted, people, blocked }: Pick<AccountState, 'rooms' | 'muted' | 'people' | 'blocked'>,
) {
  if (muted.has(room_id) || blocked.has(username)) return null
  const room = rooms.get(room_id)
  const name = displayName(people, username)
  // The name of a conversation of two says nothing more.
  return { title: room?.usernames?.length === 2 ? name : `${name} · ${room?.name ?? ''}`, body: text }
}

export interface RoomNotification {
  room_id: string
  title: string
  body: string
  open: () => void
}

/** Browsers allow notifications over TLS and on localhost only. */
export const canNotify = () => typeof Notification !== 'undefined' && navigator.locks !== undefined

/**
 * Desktop notifications, one for all tabs and none while the user looks at a tab. Web Locks elect the tab that shows
 * them and tell it whether another one has the focus; the browser frees a lock the moment its tab is closed.
 */
export function createNotifications() {
  let is_notifier = false
  // Read once: reading the permission blocks the page for a while, which is felt at fifty messages a second.
  let granted = canNotify() && Notification.permission === 'granted'
  let release: (() => void) | null = null
  if (canNotify()) {
    navigator.locks.request(NOTIFIER, () => {
      is_notifier = true
      return new Promise(() => {})
    })
    const update = () => {
      const focused = !document.hidden && document.hasFocus()
      if (focused && !release) {
        // Released at once if the focus is lost before the browser grants the lock.
        const released = new Promise<void>(resolve => (release = resolve))
        navigator.locks.request(FOCUSED, { mode: 'shared' }, () => released)
      } else if (!focused) {
        release?.()
        release = null
      }
    }
    document.addEventListener('visibilitychange', update)
    addEventListener('focus', update)
    addEventListener('blur', update)
    update()
  }

  return {
    /** Asks the user for permission; call it from a click. @returns whether it is granted */
    async ask() {
      if (canNotify()) granted = (await Notification.requestPermission()) === 'granted'
      return granted
    },

    async show({ room_id, title, body, open }: RoomNotification) {
      if (!is_notifier || !granted) return
      const { held = [] } = await navigator.locks.query()
      if (held.some(({ name }) => name === FOCUSED)) return
      // A room's newest notification replaces the one before.
      const notification = new Notification(title, {
        body: body.slice(0, BODY_MAX),
        tag: room_id,
        icon: '/assets/icon-192.png',
      })
      notification.onclick = () => {
        window.focus()
        notification.close()
        open()
      }
    },
  }
}
