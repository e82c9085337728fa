import type { Actor } from './choices.js'
import type { Answer, Args } from './history.js'
import type { Room } from './room.js'

/** One thing that clients do. */
export interface Operation {
  /** How often, compared with the others. */
  weight: number
  /** Chooses what to ask for, by the client's random source; null if there is nothing. */
  choose(client: Actor): Args | null
  ask(client: Actor, args: Args): Promise<Answer>
  /** What the client and the others know after it succeeded. */
  learn?(client: Actor, args: Args, answer: Answer): unknown
  /** What holds at some moment between request and answer if it succeeded, unless its answer names its event's seq. */
  holds?(room: Room, seq: number, username: string, args: Args): boolean
}
