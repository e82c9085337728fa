import { Ajv, type ValidateFunction } from 'ajv'
import { errors } from '../../schemas/error.js'
import { type ClientFrame, clientFrames } from '../../schemas/frame.js'
import { isNestedTooDeeply } from '../budgets/index.js'

/** Characters of a property's name, which a client chose, in an error message. */
const NAME_SHOWN = 50
/** Characters of an id that an error frame repeats. */
const ID_SHOWN = 64

const ajv = new Ajv({ strict: false })
const validators = new Map<string, ValidateFunction<ClientFrame>>(
  Object.entries(clientFrames).map(([type, schema]) => [type, ajv.compile<ClientFrame>(schema)]),
)

/** The ids that an error frame repeats of a rejected frame, so that the client knows which request failed. */
export interface Origin {
  room_id?: string
  client_id?: string
}

/**
 * @param data a text frame
 * @throws MalformedFrame if it is not a JSON object with a `type`, or nested deeply; BadFrame, with its `origin`, if the type is unknown or a
 *   field is wrong
 */
export function parseFrame(data: string): ClientFrame {
  if (isNestedTooDeeply(data)) throw new errors.MalformedFrame()
  let frame: unknown
  try {
    frame = JSON.parse(data)
  } catch {
    throw new errors.MalformedFrame()
  }
  if (typeof frame !== 'object' || frame === null || !('type' in frame) || typeof frame.type !== 'string') {
    throw new errors.MalformedFrame()
  }
  const validate = validators.get(frame.type)
  if (!validate) throw badFrame('Unknown frame type', frame)
  if (validate(frame)) return frame
  const [error] = validate.errors ?? []
  const property = error?.params.additionalProperty ?? error?.instancePath.slice(1)
  const message = `${frame.type}: ${property ? `${String(property).slice(0, NAME_SHOWN)} ` : ''}${error?.message ?? 'is invalid'}`
  throw badFrame(message, frame)
}

/** The frame was parsed once; its error keeps what the answer needs of it. */
function badFrame(message: string, frame: object) {
  return Object.assign(new errors.BadFrame(message), { origin: originOf(frame) })
}

/** @param frame of any shape */
export function originOf(frame: object): Origin {
  const { room_id, client_id } = frame as Record<string, unknown>
  return {
    ...(typeof room_id === 'string' && room_id.length <= ID_SHOWN && { room_id }),
    ...(typeof client_id === 'string' && client_id.length <= ID_SHOWN && { client_id }),
  }
}
