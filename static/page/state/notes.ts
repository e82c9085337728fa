/** Held by every tab that is looked at. */
const LOOKED_AT = 'talkie.looked-at'
/** Held by the one tab that may show notes. */
const TELLER = 'talkie.teller'
/** A note's text; the system shows no more either. */
const BODY_MAX = 200

export interface Note {
  room_id: string
  title: string
  body: string
  open: () => void
}

/** Whether notes can be shown at all: browsers allow it over TLS and on the own machine only. */
export const canNote = () => typeof Notification !== 'undefined' && navigator.locks !== undefined

/**
 * Notes on the desktop, one for all tabs: the browser's own locks name one tab that shows them and tell it whether
 * another is looked at, and they are free again the moment a tab is gone.
 */
export function createNotes() {
  let teller = false
  // Asking the browser stops the page for a while, which at fifty messages a second is felt.
  let granted = canNote() && Notification.permission === 'granted'
  let let_go: (() => void) | null = null
  if (canNote()) {
    navigator.locks.request(TELLER, () => {
      teller = true
      return new Promise(() => {})
    })
    const look = () => {
      const looks = !document.hidden && document.hasFocus()
      if (looks && !let_go) {
        // Let go of at once, where one has gone before the browser gave it.
        const gone = new Promise<void>(resolve => (let_go = resolve))
        navigator.locks.request(LOOKED_AT, { mode: 'shared' }, () => gone)
      } else if (!looks) {
        let_go?.()
        let_go = null
      }
    }
    document.addEventListener('visibilitychange', look)
    addEventListener('focus', look)
    addEventListener('blur', look)
    look()
  }

  return {
    /** Asks the user, who must have clicked something. @returns whether notes are wanted */
    async ask() {
      if (canNote()) granted = (await Notification.requestPermission()) === 'granted'
      return granted
    },

    async show({ room_id, title, body, open }: Note) {
      if (!teller || !granted) return
      const { held = [] } = await navigator.locks.query()
      if (held.some(({ name }) => name === LOOKED_AT)) return
      // The newest of a room takes the place of the one before.
      const note = new Notification(title, {
        body: body.slice(0, BODY_MAX),
        tag: room_id,
        icon: '/assets/icon-192.png',
      })
      note.onclick = () => {
        window.focus()
        note.close()
        open()
      }
    },
  }
}
