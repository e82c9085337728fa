import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../../schemas/config.js'
import type { Auth } from '../auth/index.js'
import type { Budgets } from '../budgets/index.js'
import type { Messages } from '../messages/index.js'
import type { Presence } from '../presence/index.js'
import type { Limits } from '../rate-limit/index.js'
import type { Reactions } from '../reactions/index.js'
import type { RoomLog } from '../room-log/index.js'
import type { Rooms } from '../rooms/index.js'
import type { Store } from '../store/index.js'
import type { Spans } from '../tracing/spans.js'
import type { Hub } from './hub.js'

/** The capabilities that sockets call. */
export interface Services {
  auth: Auth
  budgets: Budgets
  config: Config
  hub: Hub
  limits: Limits
  log: FastifyBaseLogger
  messages: Messages
  reactions: Reactions
  presence: Presence
  roomLog: RoomLog
  rooms: Rooms
  /** Null if tracing is off. */
  spans: Spans | null
  store: Store
}
