import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Ajv } from 'ajv'
import type { StoredEvent } from '../../schemas/event.js'
import { StoredEvent as EventSchema } from '../../schemas/event.js'
import { readLines } from './lines.js'
import { createLogCheck, type LogSummary } from './log-check.js'

/**
 * A room in a file: its log, one event of `StoredEvent` a line as JSON, oldest first, and a last line that says how many
 * they are and what hash the bytes before it have, so that a file that was cut or changed is told from a whole one.
 */
interface Trailer {
  format: typeof FORMAT
  events: number
  sha256: string
}

const FORMAT = 'talkie-room-1'
/** An event of the longest text, with every character escaped, has less than half of it. */
const LINE_BYTES_MAX = 64 * 1024

const validate = new Ajv().compile<StoredEvent>({ ...EventSchema, additionalProperties: false })

/** The lines of a room's file, each with its end. */
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
 * Reads a room's file through and checks all of it.
 * @throws Error, one sentence that names the line
 */
export async function checkRoom(file: string): Promise<LogSummary> {
  const check = createLogCheck()
  const hash = createHash('sha256')
  let number = 0
  let trailer: Trailer | undefined
  for await (const line of readLines(createReadStream(file), LINE_BYTES_MAX)) {
    number++
    if (trailer !== undefined) throw new Error(`line ${number}: nothing may follow the last line of a room`)
    const value = parse(line, number)
    if ((value as Partial<Trailer>).format !== undefined) {
      trailer = value as Trailer
      continue
    }
    if (!validate(value)) {
      const [fault] = validate.errors ?? []
      throw new Error(`line ${number}: no event of a room: ${fault?.instancePath.slice(1)} ${fault?.message}`)
    }
    try {
      check.add(value)
    } catch (error) {
      throw new Error(`line ${number}: ${(error as Error).message}`)
    }
    hash.update(line).update('\n')
  }
  if (trailer === undefined) throw new Error('The last line is missing: the file was cut off')
  if (trailer.format !== FORMAT) throw new Error(`line ${number}: the format is not ${FORMAT}`)
  const summary = check.end()
  if (trailer.events !== summary.events || trailer.sha256 !== hash.digest('hex')) {
    throw new Error(`line ${number}: the hash is not that of the events: the file was changed`)
  }
  return summary
}

/** The events of a file that was checked, in batches. */
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
  throw new Error(`line ${number}: no JSON object`)
}
