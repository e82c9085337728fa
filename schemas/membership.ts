import { Type } from '@sinclair/typebox'
import { Username } from './user.js'

export const JoinBody = Type.Object(
  {
    password: Type.Optional(
      Type.String({ maxLength: 72, description: 'The password of the room, if it has one', examples: ['open sesame'] }),
    ),
  },
  { additionalProperties: false },
)

export const LeaveBody = Type.Object(
  {
    refuse_adding: Type.Optional(
      Type.Boolean({ description: 'Nobody can add you to the room again; you can still join', examples: [true] }),
    ),
  },
  { additionalProperties: false },
)

export const OwnerBody = Type.Object(
  { username: Type.String({ ...Username, description: 'The member who becomes the owner' }) },
  { additionalProperties: false },
)
