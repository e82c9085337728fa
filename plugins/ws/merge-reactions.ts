import type { StoredEvent } from '../../schemas/event.js'
import type { ServerFrames } from '../../schemas/frame.js'
import { isReacted, type Reacted, type Store } from '../store/index.js'

/** What a resuming socket gets in the place of one or more events. */
export type Merged = StoredEvent | ServerFrames['reactions']

/**
 * Merges each run of reactions into one frame, with the present reactions to those messages whose last one among
 * `events` is in the run. So a client that loses its socket in between gets the others when it resumes.
 * @param events consecutive ones
 */
export async function mergeReactions(store: Store, room_id: string, events: StoredEvent[]): Promise<Merged[]> {
  const last = new Map(events.filter(isReacted).map(({ seq, data }) => [data.message_id, seq]))
  if (last.size === 0) return events
  const found = await store.readReactions(room_id, [...last.keys()], [])
  const present = new Map(found.map(one => [one.id, one]))

  function frameOf(run: Reacted[]): ServerFrames['reactions'] {
    const [first, end] = [run[0] as Reacted, run.at(-1) as Reacted]
    const ending = run.filter(({ seq, data }) => last.get(data.message_id) === seq)
    const messages = ending.map(({ seq, data: { message_id: id } }) => {
      const { reactions = [], seq: reactions_seq = seq } = present.get(id) ?? {}
      return { id, reactions, reactions_seq }
    })
    return { type: 'reactions', room_id, after: first.seq - 1, seq: end.seq, messages }
  }

  const merged: Merged[] = []
  let run: Reacted[] = []
  for (const event of events) {
    if (isReacted(event)) {
      run.push(event)
      continue
    }
    if (run.length > 0) merged.push(frameOf(run))
    run = []
    merged.push(event)
  }
  if (run.length > 0) merged.push(frameOf(run))
  return merged
}
