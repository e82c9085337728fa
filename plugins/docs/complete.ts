import { STATUS_CODES } from 'node:http'
import type { TSchema } from '@sinclair/typebox'
import { errors } from '../../schemas/error.js'
import { exampleOf } from '../../schemas/example.js'

interface Media {
  schema: TSchema
  example?: unknown
  examples?: Record<string, { value?: unknown; $ref?: string }>
}
interface Operation {
  parameters?: Media[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media> }>
}
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, TSchema>; examples?: Record<string, { value: unknown }> }
}

/** What stands in for the `%s` of an error's message. */
const MEANT: Partial<Record<keyof typeof errors, string>> = {
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
  RateLimited: '1500',
}

/**
 * Adds to an OpenAPI document what the schemas of the routes imply: an example wherever something is sent or answered,
 * one for each code that an error answer names, and one name for each shape that comes back in many places.
 */
export function complete(document: OpenApiDocument): OpenApiDocument {
  document.components.examples = Object.fromEntries(errorExamples())
  const operations = Object.values(document.paths).flatMap(path => Object.values(path))
  for (const { parameters = [], requestBody, responses } of operations) {
    for (const parameter of parameters) addExample(parameter)
    for (const media of Object.values(requestBody?.content ?? {})) addExample(media)
    for (const { description, content = {} } of Object.values(responses)) {
      for (const media of Object.values(content)) {
        if (media.schema.$ref === '#/components/schemas/Error') media.examples = examplesOf(description)
        else addExample(media)
      }
    }
  }
  nameShapes(document)
  return document
}

function addExample(media: Media) {
  if (media.example === undefined && media.examples === undefined) media.example = exampleOf(media.schema)
}

function* errorExamples(): Generator<[string, { value: unknown }]> {
  for (const [name, make] of Object.entries(errors)) {
    const meant = MEANT[name as keyof typeof errors] ?? 'default'
    const { code, message, statusCode = 500 } = new make(meant)
    yield [code, { value: { statusCode, code, error: STATUS_CODES[statusCode], message } }]
  }
}

/** @param codes as errorAnswers writes them into a response's description */
function examplesOf(codes: string) {
  return Object.fromEntries(codes.split(', ').map(code => [code, { $ref: `#/components/examples/${code}` }]))
}

/** Puts a reference wherever a shape stands that `components` names. */
function nameShapes({ paths, components }: OpenApiDocument) {
  const names = new Map(Object.entries(components.schemas).map(([name, schema]) => [shapeOf(schema), name]))
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

/** The same for schemas that differ in nothing but what they say about themselves at the top. */
function shapeOf(schema: unknown) {
  if (typeof schema !== 'object' || schema === null) return undefined
  const { description: _d, examples: _e, ...shape } = schema as TSchema
  return JSON.stringify(shape)
}
