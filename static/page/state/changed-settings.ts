import type { EventFrame } from '../../../schemas/frame.js'
import type { Room } from '../../../schemas/room.js'

/** The settings that an event changed, so that a new name shows at once. */
export function changedSettings(frame: EventFrame & { type: 'room_changed' }): Partial<Room> {
  const { owner, name, description, is_public, max_members, has_password, slow_mode_s, retention_h, read_counts } =
    frame
  const settings = {
    owner,
    name,
    description,
    is_public,
    max_members,
    has_password,
    slow_mode_s,
    retention_h,
    read_counts,
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
