import { useEffect } from 'preact/hooks'
import { useAccountState, useAppState, useTexts } from './hooks.js'

/** Beyond this many unread messages the title shows no exact number. */
const UNREAD_SHOWN_MAX = 99

/**
 * The browser tab's title and icon show the open room and what is unread. Every message in every room updates it, so
 * it is a component of its own, which draws nothing.
 */
export function TabTitle() {
  const texts = useTexts()
  const rooms = useAccountState('rooms')
  const room_id = useAppState('route', route => route.room_id)
  const muted = useAccountState('muted')
  const name = rooms.get(room_id ?? '')?.name
  let unread = 0
  let mentions = 0
  for (const room of rooms.values()) {
    if (!room.is_member || muted.has(room.id)) continue
    unread += room.unread
    mentions += room.unread_mentions
  }
  const count = unread > UNREAD_SHOWN_MAX ? `(${UNREAD_SHOWN_MAX}+) ` : unread > 0 ? `(${unread}) ` : ''
  useEffect(() => {
    document.title = `${mentions > 0 ? `@${mentions} ` : ''}${count}${name ? `${name} · ` : ''}${texts.app_name}`
  }, [mentions, count, name, texts])
  const any = unread > 0
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (icon) icon.href = any ? '/assets/icon-unread.svg' : '/assets/icon.svg'
  }, [any])
  useEffect(
    () => () => {
      document.title = texts.app_name
    },
    [texts],
  )
  return null
}
