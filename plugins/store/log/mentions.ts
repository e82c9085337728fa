import type { StoredEvent } from '../../../schemas/event.js'
import type { Message } from '../../../schemas/message.js'

/** Stands for all members among those whom a message mentions. No username has such a sign. */
export const EVERYBODY = '*'

/** Usernames that mean everybody in a mention: nobody can register them, but an account of an older server may have one. */
export const RESERVED_NAMES = ['all', 'channel', 'everyone', 'here', 'room']

/** What the text of an event mentions. @param event of type `message` or `edited` */
export function mentionsOf({ data }: StoredEvent): Pick<Message, 'mentions' | 'mentions_all' | 'mentions_here'> {
  if (data === undefined) return {}
  const { mentions, mentions_all, mentions_here } = data
  return {
    ...(mentions && { mentions }),
    ...(mentions_all && { mentions_all }),
    ...(mentions_here && { mentions_here }),
  }
}

/** Whom an event mentions such that it counts, in lower case, EVERYBODY for all members. */
export function mentionedBy({ data }: Pick<StoredEvent, 'data'>): string[] {
  if (data?.mentions === undefined && data?.mentions_all === undefined) return []
  const users = (data.mentions ?? []).map(username => username.toLowerCase())
  return data.mentions_all ? [...users, EVERYBODY] : users
}

/** The place of a message in the list of mentions, which goes from the greatest to the smallest. */
export const placeOfMention = ({ created_at, room_id, seq }: Pick<StoredEvent, 'created_at' | 'room_id' | 'seq'>) =>
  `${created_at} ${room_id} ${String(seq).padStart(16, '0')}`
