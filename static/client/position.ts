import type { ClientFrames, ServerFrames } from '../../schemas/frame.js'

/** Where to resume in a room's log. */
export interface ResumePoint {
  /** The last contiguous seq that was seen. */
  after: number
  /** The store's epoch in which it was seen. */
  epoch?: string
}

/**
 * A client's position in one room's log: the last contiguous seq. Only events move it, so no event is skipped or seen
 * twice, whatever a server, a proxy or a reconnect does to the frames.
 */
export function createPosition(room_id: string, from?: ResumePoint) {
  let last = from?.after
  let epoch = from?.epoch
  /** `resetting`: the server could not resume, so its `reset` frame is still to come. */
  let phase: 'idle' | 'subscribing' | 'resetting' | 'live' = 'idle'

  return {
    get live() {
      return phase === 'live'
    },
    get subscribing() {
      return phase === 'subscribing' || phase === 'resetting'
    },
    get point(): ResumePoint | null {
      return last === undefined ? null : { after: last, ...(epoch !== undefined && { epoch }) }
    },

    /** The socket is closed, or its frames are ignored until the room is subscribed to again. */
    pause() {
      phase = 'idle'
    },

    /** Events up to this seq were read over HTTP, while the socket was closed. */
    advance(seq: number) {
      if (phase === 'idle') last = seq
    },

    subscribe(): ClientFrames['subscribe'] {
      phase = 'subscribing'
      return {
        type: 'subscribe',
        room_id,
        merge_reactions: true,
        ...(last !== undefined && { after: last }),
        ...(epoch !== undefined && { epoch }),
      }
    },

    /** @returns whether the room starts anew after the frame's seq: what the client holds of it is void */
    welcome(frame: ServerFrames['welcome']): boolean {
      if (phase !== 'subscribing' && phase !== 'resetting') return false
      if (last === undefined) {
        phase = 'live'
        last = frame.seq
        epoch = frame.epoch
        return true
      }
      phase = frame.resumed ? 'live' : 'resetting'
      if (frame.resumed) epoch ??= frame.epoch
      return false
    },

    /** @returns like `welcome` */
    reset(frame: ServerFrames['reset']): boolean {
      if (phase === 'idle') return false
      phase = 'live'
      last = frame.seq
      epoch = frame.epoch
      return true
    },

    /**
     * @param after the seq after which the frame begins, if it stands for several events
     * @returns `gap`: an event is missing; nothing is taken until the room is subscribed to again
     */
    event(seq: number, after = seq - 1): 'take' | 'drop' | 'gap' {
      if (phase !== 'live' || last === undefined || seq <= last) return 'drop'
      if (after > last) {
        phase = 'idle'
        return 'gap'
      }
      last = seq
      return 'take'
    },
  }
}
