import { type Static, Type } from '@sinclair/typebox'
import { RoomId } from './room.js'

export const ReadMark = Type.Object(
  { room_id: RoomId, seq: Type.Integer({ description: 'The last `seq` that was read', examples: [42] }) },
  { additionalProperties: false },
)
export type ReadMark = Static<typeof ReadMark>
export const ReadBody = Type.Object(
  {
    seq: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The last `seq` that was read',
      examples: [42],
    }),
  },
  { additionalProperties: false },
)
