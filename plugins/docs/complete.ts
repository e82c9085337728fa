import { STATUS_CODES } from 'node:http'
import type { TSchema } from '@sinclair/typebox'
import { type ErrorBody, errors } from '../../schemas/error.js'
import { exampleOf } from '../../schemas/example.js'

interface Media {
  schema: TSchema
  example?: unknown
  examples?: Record<string, { value?: unknown; $ref?: string }>
}
interface Response {
  description: string
  headers?: object
  content?: Record<string, Media>
}
interface Operation {
  parameters?: (Media & { required?: boolean })[]
  requestBody?: { required?: boolean; content: Record<string, Media> }
  responses: Record<string, Response>
}
export interface OpenApiDocument {
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, TSchema>; examples?: Record<string, { value: unknown }> }
}

/** Example values for the `%s` of an error's message. */
const EXAMPLES: Partial<Record<keyof typeof errors, string>> = {
  BadRequest: 'querystring.limit must be <= 100',
  MessageNotFound: '42',
  MessageDeleted: '42',
  NotAuthor: '42',
  TooManyEdits: '42',
  ClientIdReused: '0197a2c4-5d1e-7b3a-9c55-0f1d2e3a4b5c',
  UsernameTaken: 'minji',
  UserNotFound: 'minji',
  MemberNotFound: 'minji',
  RoomNameTaken: 'Lunch',
  RateLimited: '2 seconds',
}

/** The body of each error by its code. */
const bodies = new Map((Object.keys(errors) as (keyof typeof errors)[]).map(bodyOf).map(body => [body.code, body]))

function bodyOf(name: keyof typeof errors): ErrorBody {
  const make = errors[name]
  // createError appends arguments that the message has no `%s` for.
  const example = new make().message.includes('%s') ? [EXAMPLES[name] ?? 'default'] : []
  const { code, message, statusCode = 500 } = new make(...example)
  return { statusCode, code, error: STATUS_CODES[statusCode] ?? '', message }
}

const retryAfter = {
  'Retry-After': {
    description: 'Seconds to wait before a retry',
    schema: { type: 'integer', minimum: 1, examples: [1] },
  },
}

/**
 * Completes an OpenAPI document with what the schemas of the routes imply: an example for every required parameter, request
 * and response, one for each code of an error response, and references in place of repeated shapes.
 */
export function complete(document: object) {
  const { paths, components } = document as OpenApiDocument
  const named = new Set<string>()
  for (const path of Object.values(paths)) {
    for (const { parameters = [], requestBody, responses } of Object.values(path)) {
      for (const parameter of parameters) {
        if (parameter.required) addExample(parameter)
        else moveExample(parameter)
      }
      for (const media of Object.values(requestBody?.content ?? {})) {
        // A body that may be null may be left out.
        if (media.schema.anyOf?.at(-1)?.type === 'null') Object.assign(requestBody as object, { required: false })
        addExample(media)
      }
      for (const response of Object.values(responses)) {
        for (const media of Object.values(response.content ?? {})) {
          if (media.schema.$ref === '#/components/schemas/Error') addErrors(response, media, named)
          else addExample(media)
        }
      }
    }
  }
  components.examples = Object.fromEntries([...named].sort().map(code => [code, { value: bodies.get(code) }]))
  nameShapes(paths, components.schemas)
}

function addExample(media: Media) {
  if (media.example === undefined && media.examples === undefined) media.example = exampleOf(media.schema)
}

/** Swagger UI fills in a parameter's example, but not its schema's: an optional filter must not hide results. */
function moveExample(parameter: Media) {
  if (parameter.example === undefined) return
  parameter.schema.examples = [parameter.example]
  delete parameter.example
}

/** @param named collects the codes */
function addErrors(response: Response, media: Media, named: Set<string>) {
  // As errorAnswers writes them.
  const codes = response.description.split(', ')
  media.examples = Object.fromEntries(codes.map(code => [code, { $ref: `#/components/examples/${code}` }]))
  for (const code of codes) named.add(code)
  const { statusCode } = bodies.get(codes[0] as string) ?? {}
  if (statusCode === 429 || statusCode === 503) response.headers = retryAfter
}

/** Replaces each occurrence of a shape of `schemas` in `paths` by a reference. */
function nameShapes(paths: object, schemas: Record<string, TSchema>) {
  const names = new Map(Object.entries(schemas).map(([name, schema]) => [shapeOf(schema), name]))
  function walk(node: unknown) {
    if (typeof node !== 'object' || node === null) return
    for (const [key, child] of Object.entries(node)) {
      const name = names.get(shapeOf(child))
      if (name === undefined) walk(child)
      else Object.assign(node, { [key]: { $ref: `#/components/schemas/${name}` } })
    }
  }
  walk(paths)
}

/** Equal for schemas that differ only in their own description and examples. */
function shapeOf(schema: unknown) {
  if (typeof schema !== 'object' || schema === null) return undefined
  const { description: _d, examples: _e, ...shape } = schema as TSchema
  return JSON.stringify(shape)
}
