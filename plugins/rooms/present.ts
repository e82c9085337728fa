import { errors } from '../../schemas/error.js'
import type { RoomView } from '../room-log/index.js'
import type { Target } from '../store/index.js'

/** Messages up to this seq were erased: they are as if they had never been. */
export const emptiedIn = ({ room }: RoomView) => room?.emptied_seq ?? 0

/** @throws MessageNotFound, MessageDeleted */
export function assertPresent<Found extends Target>(view: RoomView, id: number, message: Found | undefined): Found {
  if (!message || id <= emptiedIn(view)) throw new errors.MessageNotFound(id)
  if (message.newest?.type === 'deleted') throw new errors.MessageDeleted(id)
  return message
}
