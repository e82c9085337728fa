import type { ClientFrames, ServerFrames } from '../../schemas/frame.js'

/** Where to go on in a room's log. */
export interface ResumePoint {
  /** The last seq that was seen with all before it. */
  after: number
  /** Of the store that it was seen in. */
  epoch?: string
}

/**
 * A client's place in one room's log: the last seq that it saw with all before it. Only events move it, so nothing is
 * passed over and nothing is seen twice, whatever a server, a proxy or a reconnect does to the frames.
 */
export function createPosition(room_id: string, from?: ResumePoint) {
  let last = from?.after
  let epoch = from?.epoch
  /** `resetting`: welcomed without a resume, so its `reset` is still to come. */
  let phase: 'lost' | 'asked' | 'resetting' | 'live' = 'lost'

  return {
    get live() {
      return phase === 'live'
    },
    get asked() {
      return phase === 'asked' || phase === 'resetting'
    },
    get point(): ResumePoint | null {
      return last === undefined ? null : { after: last, ...(epoch !== undefined && { epoch }) }
    },

    /** The socket is gone, or what comes from it is worth nothing until it is asked again. */
    lose() {
      phase = 'lost'
    },

    ask(): ClientFrames['subscribe'] {
      phase = 'asked'
      return {
        type: 'subscribe',
        room_id,
        ...(last !== undefined && { after: last }),
        ...(epoch !== undefined && { epoch }),
      }
    },

    /** @returns whether what is held of the room is void: it begins after the frame's seq */
    welcome(frame: ServerFrames['welcome']): boolean {
      if (phase !== 'asked' && phase !== 'resetting') return false
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

    /** @returns as `welcome` */
    reset(frame: ServerFrames['reset']): boolean {
      if (phase === 'lost') return false
      phase = 'live'
      last = frame.seq
      epoch = frame.epoch
      return true
    },

    /** @returns `hole`: something between is missing; nothing is taken until the room is asked for again */
    event(seq: number): 'take' | 'drop' | 'hole' {
      if (phase !== 'live' || last === undefined || seq <= last) return 'drop'
      if (seq > last + 1) {
        phase = 'lost'
        return 'hole'
      }
      last = seq
      return 'take'
    },
  }
}
