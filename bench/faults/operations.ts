import { administration } from './administration.js'
import { conversations } from './conversations.js'
import { guests } from './guests.js'
import { membership } from './membership.js'
import { moderation } from './moderation.js'
import type { Operation } from './operation.js'
import { reactions } from './reactions.js'
import { retention } from './retention.js'
import { sessions } from './sessions.js'
import { talking } from './talking.js'

/** Every operation, by subject. A new one is a row in one of these files, a new event type also a row in `rules.ts`. */
export const operations = {
  ...moderation,
  ...talking,
  ...reactions,
  ...membership,
  ...conversations,
  ...sessions,
  ...guests,
  ...administration,
  ...retention,
} satisfies Record<string, Operation>

export const operationOf = (name: string) => operations[name as keyof typeof operations] as Operation
