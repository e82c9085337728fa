import { type Static, Type } from '@sinclair/typebox'

export const notificationLevels = ['all', 'mentions', 'none'] as const

/** What a user is notified of in a room: every message, those that mention the user, or nothing. */
export const NotificationLevel = Type.Union(
  notificationLevels.map(level => Type.Literal(level)),
  {
    description:
      'What notifies you in the room: every message, messages that mention you, or nothing; a mention does not break through `none`',
    examples: ['mentions'],
  },
)
export type NotificationLevel = Static<typeof NotificationLevel>
