import { limits } from '../../../schemas/wire.js'

/** A number of unread messages as it is shown: the server counts up to a maximum. */
export const unreadCount = (count: number): string =>
  count >= limits.UNREAD_MAX ? `${limits.UNREAD_MAX - 1}+` : String(count)
