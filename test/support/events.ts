import type { StoredEvent } from '../../schemas/event.js'

export const NOW = '2026-01-31T09:30:00.000Z'

/** A message of Ann's. */
export const message = (seq: number, text: string, room_id = 'r'): StoredEvent => ({
  room_id,
  seq,
  type: 'message',
  username: 'ann',
  client_id: `own-${seq}`,
  created_at: NOW,
  text,
})
