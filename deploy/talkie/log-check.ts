import type { StoredEvent } from '../../schemas/event.js'
import { limits, TEXT_PATTERN } from '../../schemas/wire.js'

/** What a log says that is valid. */
export interface LogSummary {
  created: StoredEvent
  events: number
  /** Everybody that it names, by lower-case name. */
  usernames: Map<string, string>
  /** Who is in at its end, in lower case; of the default room, which everybody is in, nobody. */
  members: string[]
}

interface Said {
  username: string
  edits: number
  isEmpty: boolean
  isDeleted: boolean
}

const isText = new RegExp(TEXT_PATTERN, 'u')
const key = (username: string) => username.toLowerCase()

/**
 * Checks that events, given in order, are a room's log as a server would have written it: nothing else may be stored,
 * for all that is derived from a log trusts it. It keeps some 100 bytes of each event.
 */
export function createLogCheck() {
  let created: StoredEvent | undefined
  let seq = 0
  const said = new Map<number, Said>()
  const client_ids = new Set<string>()
  const usernames = new Map<string, string>()
  const members = new Set<string>()

  function demand(holds: boolean, sentence: string): asserts holds {
    if (!holds) throw new Error(sentence)
  }

  function checkText(text: string | undefined): boolean {
    demand(text !== undefined, 'the text is missing')
    demand(
      text === '' || ([...text].length <= limits.TEXT_MAX && isText.test(text)),
      'the text is none that can be sent',
    )
    return text === ''
  }

  /** The message that an edit or a deletion means. */
  function targetOf(event: StoredEvent): Said {
    const message = said.get(event.target ?? 0)
    demand(message !== undefined, 'the target is no message before it')
    demand(key(message.username) === key(event.username), 'the target is another user’s')
    demand(!message.isDeleted, 'the target is deleted')
    return message
  }

  function memberOf({ member }: StoredEvent): string {
    demand(member !== undefined, 'the member is missing')
    usernames.set(key(member), member)
    return key(member)
  }

  const checks: Record<StoredEvent['type'], (event: StoredEvent) => void> = {
    created(event) {
      const { name, description, is_public, max_members, password_hash } = event.data ?? {}
      demand(event.seq === 1, 'only the first event creates the room')
      demand(![name, description, is_public, max_members, password_hash].includes(undefined), 'settings are missing')
      created = event
      if (event.username !== '') members.add(key(event.username))
    },
    message(event) {
      const isEmpty = checkText(event.text)
      demand(event.reply_to === undefined || said.has(event.reply_to), 'reply_to is no message before it')
      said.set(event.seq, { username: event.username, edits: 0, isEmpty, isDeleted: false })
    },
    edited(event) {
      const message = targetOf(event)
      message.isEmpty ||= checkText(event.text)
      demand(++message.edits <= limits.EDITS_MAX, `the target has over ${limits.EDITS_MAX} edits`)
    },
    deleted(event) {
      targetOf(event).isDeleted = true
    },
    joined(event) {
      const member = memberOf(event)
      demand(!members.has(member), 'the member is in already')
      members.add(member)
    },
    left: leaves,
    removed: leaves,
    room_changed(event) {
      demand(members.has(memberOf(event)), 'the new owner is no member')
    },
    room_deleted() {
      demand(false, 'the room is deleted')
    },
    session_ended() {
      demand(false, 'it is of the log of sessions, not of a room')
    },
  }

  function leaves(event: StoredEvent) {
    demand(members.delete(memberOf(event)), 'the member is not in')
  }

  return {
    /** @throws Error, a sentence of what is wrong */
    add(event: StoredEvent) {
      demand(event.seq === seq + 1, `its seq is ${event.seq}, but ${seq + 1} is next`)
      demand(event.type === 'created' || created !== undefined, 'the first event does not create the room')
      demand(event.room_id === (created?.room_id ?? event.room_id), 'its room is another')
      demand(new Date(event.created_at).getTime() > 0, 'created_at is no time')
      const client_id = `${key(event.username)} ${event.client_id}`
      demand(!client_ids.has(client_id), 'its client_id was there before')
      if (event.username !== '') usernames.set(key(event.username), event.username)
      checks[event.type](event)
      client_ids.add(client_id)
      seq = event.seq
    },

    /** @throws Error, a sentence of what is missing */
    end(): LogSummary {
      demand(created !== undefined, 'The log is empty')
      for (const [id, { isEmpty, isDeleted }] of said) {
        demand(!isEmpty || isDeleted, `Message ${id} has an empty text, but is not deleted`)
      }
      return { created, events: seq, usernames, members: [...members] }
    },
  }
}
