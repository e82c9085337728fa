import type { Reaction } from '../../schemas/reaction.js'
import type { Actor } from './choices.js'
import type { Args } from './history.js'
import type { Operation } from './operation.js'
import type { Room } from './room.js'

const EMOJI = ['👍', '❤️', '😂', '🎉']

/** Few messages and emoji, so that users meet at them. */
function reaction({ world, random, username }: Actor): Args | null {
  const room = random.pick(world.roomsOf(username))
  const id = room && random.pick(room.sent.slice(-5))?.id
  return room && id ? { room_id: room.room_id, id, text: random.pick(EMOJI) as string } : null
}

const operation = (weight: number, on: boolean): Operation => ({
  weight,
  choose: reaction,
  async ask({ http }, { room_id, id = 0, text: emoji = '' }) {
    await http.react(room_id, id, { emoji, on })
    return {}
  },
  holds: (room: Room, seq, username, { id = 0, text = '' }) => room.reactionOf(id, text, username).at(seq) === on,
})

/** Reactions to messages. */
export const reactions = {
  react: operation(12, true),
  'take a reaction back': operation(6, false),
} satisfies Record<string, Operation>

/** Reactions as they are compared. */
export const described = (reactions: readonly Pick<Reaction, 'emoji' | 'count'>[]) =>
  reactions
    .map(({ emoji, count }) => `${emoji} ${count}`)
    .sort()
    .join()
