import type { EventFrame, ServerFrames } from '../../schemas/frame.js'
import type { ApiError } from './api-error.js'

/** An event, or what stands for several reactions while a room is resumed. */
export type RoomEvent = EventFrame | ServerFrames['reactions']

/** Receives what happens in one subscribed room. */
export interface RoomListener {
  /**
   * The room starts anew: drop what is held of it and load the newest page over HTTP, one whose `seq` is at least this;
   * events from seq + 1 on follow. Called after a subscription without a resume point, and when the server cannot
   * resume. The epoch is empty if it is not known yet, over HTTP.
   */
  start(seq: number, epoch: string): void
  /**
   * Every event, once, in order, without a gap; also of types that this client does not know. Instead of reactions that
   * were missed, their final states.
   */
  event(event: RoomEvent): void
  /** Every other frame of the room. */
  frame?(frame: ServerFrames['welcome' | 'typing' | 'presence' | 'read' | 'seen' | 'error']): void
  /** The subscription has ended: not a member, room not found, or too many subscriptions. */
  ended?(error: ApiError): void
}
