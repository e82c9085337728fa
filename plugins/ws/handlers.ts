import { errors, rateLimited } from '../../schemas/error.js'
import type { ClientFrames, ServerFrame } from '../../schemas/frame.js'
import type { Identity } from '../auth/index.js'
import { prices } from '../budgets/index.js'
import { priceOfMentions } from '../messages/index.js'
import { isDirectId } from '../store/index.js'
import type { Services } from './services.js'
import type { Subscriptions } from './subscriptions.js'

/** What a handler needs of the socket that sent the frame. */
export interface Sender {
  identity: Identity | null
  readonly username: string
  readonly services: Services
  readonly subscriptions: Subscriptions
  /** Whether the socket was opened for one room. */
  readonly isOneRoom: boolean
  send(frame: ServerFrame): void
  /** Takes the price of what is done for this client from its budget. @param cost_us µs of the main thread */
  pay(cost_us: number): void
}

type Handlers = { [T in keyof ClientFrames]: (sender: Sender, frame: ClientFrames[T]) => Promise<void> }

/** What each type of frame does. A handler that throws is answered with an `error` frame. */
export const handlers: Handlers = {
  async send(sender, frame) {
    limitSends(sender)
    sender.pay(prices.append + priceOfMentions(frame.text))
    const { event } = await sender.services.messages.send(frame.room_id, sender.username, frame)
    sender.subscriptions.stopTyping(frame.room_id)
    sender.subscriptions.ack(event)
  },

  async edit(sender, frame) {
    limitSends(sender)
    sender.pay(prices.append + priceOfMentions(frame.text))
    const { event } = await sender.services.messages.edit(frame.room_id, sender.username, frame.id, frame)
    sender.subscriptions.ack(event)
  },

  async delete(sender, { room_id, id, client_id }) {
    limitSends(sender)
    sender.pay(prices.append)
    const { event } = await sender.services.messages.remove(room_id, sender.username, id, client_id)
    sender.subscriptions.ack(event)
  },

  async react(sender, { room_id, id, client_id, emoji, on }) {
    limitSends(sender)
    sender.pay(prices.append)
    const event = await sender.services.reactions.react(room_id, sender.username, id, { client_id, emoji, on })
    if (event) sender.subscriptions.ack(event)
    else sender.send({ type: 'unchanged', client_id, room_id })
  },

  async typing(sender, { room_id, on }) {
    sender.subscriptions.assertLive(room_id)
    // Nor does a user see those type whom they block.
    if (on && isDirectId(room_id)) {
      sender.pay(prices.mark)
      await sender.services.rooms.assertMayTalk(room_id, sender.username)
    }
    sender.subscriptions.setTyping(room_id, on)
  },

  async read(sender, { room_id, seq }) {
    sender.pay(prices.mark + sender.services.hub.socketsOf(sender.username) * prices.recipient)
    await sender.services.rooms.markRead(room_id, sender.username, seq, sender)
  },

  async subscribe(sender, frame) {
    assertManyRooms(sender)
    await sender.subscriptions.subscribe(frame)
  },

  async unsubscribe(sender, { room_id }) {
    assertManyRooms(sender)
    sender.subscriptions.leave(room_id)
    sender.send({ type: 'unsubscribed', room_id })
  },

  async auth(sender, { token }) {
    const { auth } = sender.services
    const identity = await auth.authenticate(token)
    if (identity.username !== sender.username || auth.hasEnded(identity.session_id)) throw new errors.Unauthorized()
    sender.identity = identity
    sender.send({ type: 'authenticated', expires_at: new Date(identity.expires_at).toISOString() })
  },

  async ping(sender) {
    sender.send({ type: 'pong' })
  },
}

function limitSends({ services, username }: Sender) {
  const wait_ms = services.limits.sends(username)
  if (wait_ms > 0) throw rateLimited(wait_ms)
}

function assertManyRooms({ isOneRoom }: Sender) {
  if (isOneRoom) throw new errors.BadFrame('This socket is for one room')
}
