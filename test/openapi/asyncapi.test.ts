import { readFileSync } from 'node:fs'
import { Ajv, type AnySchema } from 'ajv'
import { test } from 'tap'
import { parse } from 'yaml'
import { errors } from '../../schemas/error.js'
import { clientFrames, eventFrames, serverFrames } from '../../schemas/frame.js'
import { closeCodes } from '../../schemas/wire.js'

interface Described {
  summary: string
  payload: AnySchema
  examples: { payload: object }[]
}
const document = parse(readFileSync(new URL('../../../openapi/asyncapi.yaml', import.meta.url), 'utf8')) as {
  channels: Record<'room' | 'rooms', { description: string; messages: Record<string, unknown> }>
  components: { messages: Record<string, Described> }
  'x-close-codes': { code: number; next: string }[]
  'x-error-codes': string[]
}

/** The target of a `$ref`. */
function follow(ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce((node, part) => (node as Record<string, unknown>)?.[part], document as unknown)
}

function* refs(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, child] of Object.entries(node)) {
    if (key === '$ref') yield child as string
    else yield* refs(child)
  }
}

test('every reference resolves', async t => {
  for (const ref of refs(document)) t.ok(follow(ref), ref)
})

test('every frame is a message of the channel /ws', async t => {
  const expected = [
    ...Object.keys(clientFrames).map(type => `client.${type}`),
    ...Object.keys({ ...serverFrames, ...eventFrames }).map(type => `server.${type}`),
  ]
  t.strictSame(Object.keys(document.components.messages).sort(), expected.sort())
  t.strictSame(Object.keys(document.channels.rooms.messages).sort(), expected.sort())
})

test('the channel of a single room has the same frames, except subscribe and unsubscribe', async t => {
  const many = ['client.subscribe', 'client.unsubscribe', 'server.unsubscribed']
  const expected = Object.keys(document.channels.rooms.messages).filter(name => !many.includes(name))
  t.strictSame(Object.keys(document.channels.room.messages), expected)
})

test('every message has a summary and an example that its schema allows', async t => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  for (const [name, { summary, payload, examples }] of Object.entries(document.components.messages)) {
    t.ok(summary, `${name} has a summary`)
    const validate = ajv.compile(payload)
    t.ok(examples.length > 0, `${name} has an example`)
    for (const { payload } of examples) t.ok(validate(payload), `${name}: ${ajv.errorsText(validate.errors)}`)
    t.notOk(validate({ ...examples[0]?.payload, type: 'other' }), `${name} is told apart by its type`)
  }
})

test('every close code is documented with the client’s next step', async t => {
  const expected = Object.values(closeCodes).map(({ code, next }) => ({ code, next }))
  t.strictSame(
    document['x-close-codes'].map(({ code, next }) => ({ code, next })),
    expected,
  )
  for (const { description } of Object.values(document.channels)) {
    for (const { code, next } of expected) t.match(description, new RegExp(`\\| ${code} \\|.*\\| ${next} \\|`))
  }
})

test('every error code is documented', async t => {
  const expected = [...new Set(Object.values(errors).map(make => new make().code))].sort()
  t.strictSame(document['x-error-codes'], expected)
})
