import { Ajv, type ValidateFunction } from 'ajv'
import { errors } from '../../schemas/error.js'
import { type ClientFrame, clientFrames } from '../../schemas/frame.js'

const ajv = new Ajv({ strict: false })
const validators = new Map<string, ValidateFunction<ClientFrame>>(
  Object.entries(clientFrames).map(([type, schema]) => [type, ajv.compile<ClientFrame>(schema)]),
)

/**
 * @param data a text frame
 * @throws MalformedFrame if it is not a JSON object with a `type`; BadFrame if the type is unknown or a field is wrong
 */
export function parseFrame(data: string): ClientFrame {
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
  if (!validate) throw new errors.BadFrame('Unknown frame type')
  if (validate(frame)) return frame
  const [error] = validate.errors ?? []
  const property = error?.params.additionalProperty ?? error?.instancePath.slice(1)
  throw new errors.BadFrame(`${frame.type}: ${property ? `${property} ` : ''}${error?.message ?? 'is invalid'}`)
}

/** The ids that an error frame repeats of a rejected frame, so that the client knows which request failed. */
export function originOf(data: string): { room_id?: string; client_id?: string } {
  try {
    const { room_id, client_id } = JSON.parse(data) as Record<string, unknown>
    return {
      ...(typeof room_id === 'string' && room_id.length <= 64 && { room_id }),
      ...(typeof client_id === 'string' && client_id.length <= 64 && { client_id }),
    }
  } catch {
    return {}
  }
}
