import { limits } from '../../../schemas/wire.js'

/** A change of the reactions to a message, as an event tells it. */
interface Change {
  /** In lower case. */
  user: string
  emoji: string
  on: boolean | undefined
  count: number | undefined
  changes: number | undefined
}

/** Checks that each change of a log is one, and that its counts are right. */
export function createReactionsCheck() {
  /** By message: the users behind each emoji, and how many changes each user made. */
  const messages = new Map<number, { users: Map<string, Set<string>>; changes: Map<string, number> }>()

  return {
    /** @throws Error, one sentence that says what is wrong */
    check(id: number, { user, emoji, on, count, changes }: Change) {
      const known = messages.get(id) ?? { users: new Map<string, Set<string>>(), changes: new Map<string, number>() }
      messages.set(id, known)
      const users = known.users.get(emoji) ?? new Set()
      if (on === undefined || users.has(user) === on) throw new Error('the reaction changes nothing')
      if (on) users.add(user)
      else users.delete(user)
      if (users.size > 0) known.users.set(emoji, users)
      else known.users.delete(emoji)
      if (count !== users.size) throw new Error(`count is ${count}, expected ${users.size}`)
      if (known.users.size > limits.REACTIONS_MAX) throw new Error('the message has too many different emoji')
      const made = (known.changes.get(user) ?? 0) + 1
      known.changes.set(user, made)
      if (changes !== made) throw new Error(`changes is ${changes}, expected ${made}`)
    },
  }
}
