/** What the hand-made rooms make of a message: the same event and ack as our server's, with a seq of the room. */
export class Room {
  seq = 0

  /** @returns the event for all sockets of the room, and the ack for the sender */
  say(room_id, username, { client_id, text }) {
    const seq = ++this.seq
    const created_at = new Date().toISOString()
    return {
      event: { type: 'message', seq, id: seq, room_id, username, text, created_at, client_id },
      ack: { type: 'ack', client_id, room_id, seq, created_at },
    }
  }
}
