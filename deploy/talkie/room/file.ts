import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Ajv } from 'ajv'
import type { StoredEvent } from '../../../schemas/event.js'
import { StoredEvent as EventSchema } from '../../../schemas/event.js'
import { readLines } from '../read-lines.js'
import { createLogCheck, type LogSummary } from './log-check.js'

/**
 * The last line of an exported room. The lines before it are the room's log: one `StoredEvent` as JSON per line, oldest
 * first. The count and the hash of the preceding bytes reveal a truncated or modified file.
 */
interface Trailer {
  format: typeof FORMAT
  events: number
  sha256: string
}

const FORMAT = 'talkie-room-1'
/** An event with the longest text, every character escaped, takes less than half of this. */
const LINE_BYTES_MAX = 64 * 1024

const validate = new Ajv().compile<StoredEvent>({ ...EventSchema, additionalProperties: false })

/** Yields the text of an export, several whole lines at a time. */
export async function* writeRoom(events: AsyncIterable<StoredEvent[]>): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let count = 0
  for await (const page of events) {
    const lines = page.map(event => `${JSON.stringify(event)}\n`).join('')
    hash.update(lines)
    count += page.length
    yield lines
  }
  const trailer: Trailer = { format: FORMAT, events: count, sha256: hash.digest('hex') }
  yield `${JSON.stringify(trailer)}\n`
}

/**
 * Reads an exported room and checks all of it.
 * @throws Error, one sentence that names the line
 */
export async function checkRoom(file: string): Promise<LogSummary> {
  const check = createLogCheck()
  const hash = createHash('sha256')
  let number = 0
  let trailer: Trailer | undefined
  for await (const line of readLines(createReadStream(file), LINE_BYTES_MAX)) {
    number++
    if (trailer !== undefined) throw new Error(`Line ${number}: unexpected data after the last line`)
    const value = parse(line, number)
    if ((value as Partial<Trailer>).format !== undefined) {
      trailer = value as Trailer
      continue
    }
    if (!validate(value)) {
      const [fault] = validate.errors ?? []
      throw new Error(`Line ${number} is not a valid event: ${fault?.instancePath.slice(1)} ${fault?.message}`)
    }
    try {
      check.add(value)
    } catch (error) {
      throw new Error(`Line ${number}: ${(error as Error).message}`)
    }
    hash.update(line).update('\n')
  }
  if (trailer === undefined) throw new Error('The last line is missing: the file is truncated')
  if (trailer.format !== FORMAT) throw new Error(`Line ${number}: unknown format, expected ${FORMAT}`)
  const summary = check.end()
  if (trailer.events !== summary.events || trailer.sha256 !== hash.digest('hex')) {
    throw new Error(`Line ${number}: the hash does not match: the file was modified`)
  }
  return summary
}

/** Yields the events of a file that `checkRoom` accepted, in batches. */
export async function* readRoom(file: string, batch: number): AsyncGenerator<StoredEvent[]> {
  let events: StoredEvent[] = []
  for await (const line of readLines(createReadStream(file), LINE_BYTES_MAX)) {
    const value = JSON.parse(line) as StoredEvent | Trailer
    if ('format' in value) break
    events.push(value)
    if (events.length < batch) continue
    yield events
    events = []
  }
  if (events.length > 0) yield events
}

function parse(line: string, number: number): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {}
  throw new Error(`Line ${number} is not a JSON object`)
}
