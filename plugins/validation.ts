import { isUtf8 } from 'node:buffer'
import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../schemas/error.js'
import { isNestedTooDeeply } from './budgets/index.js'

/** Characters of a client's property name that an error message repeats. */
const NAME_MAX = 50

const options = { useDefaults: true, removeAdditional: false, allErrors: false, verbose: true }
// Shared by all applications of a process, so that the tests compile each schema once.
const exact = new Ajv({ ...options, coerceTypes: false })
const written = new Ajv({ ...options, coerceTypes: true })

/** Compiles the schema when the first value is checked: a start that compiled those of all routes took 0.2 s longer. */
function validatorOf(ajv: Ajv, schema: AnySchema) {
  let compiled: ValidateFunction | undefined
  const validate = (value: unknown) => {
    compiled ??= ajv.compile(schema)
    const isValid = compiled(value)
    validate.errors = compiled.errors
    return isValid
  }
  validate.errors = undefined as ValidateFunction['errors']
  return validate
}

/**
 * Bodies are not coerced: a string is never taken for a number. URLs and headers are text, so numbers in them are
 * converted, but nothing becomes an array or object. Unknown properties are rejected, never dropped.
 */
async function validation(fastify: FastifyInstance) {
  fastify.setValidatorCompiler(({ schema, httpPart }) => validatorOf(httpPart === 'body' ? exact : written, schema))
  fastify.setSchemaErrorFormatter((found, part) => new errors.BadRequest(describe(part, found as ErrorObject[])))
  fastify.addHook('preValidation', async request => assertNothingUnknown(request))
  // Only JSON is accepted; Fastify also parses text/plain by default.
  fastify.removeContentTypeParser('text/plain')

  const parseJson = fastify.getDefaultJsonParser('error', 'error')
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Clients may send the content type without a body; routes that need one reject that.
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body as Buffer)) return done(new errors.BadRequest('The body is not valid UTF-8'))
    const text = body.toString()
    if (isNestedTooDeeply(text)) return done(new errors.BadRequest('The body is nested too deeply'))
    parseJson(request, text, done)
  })
}

/** What has no schema has no properties. The page's URLs, which users share, may have any query. */
function assertNothingUnknown({ query, body, routeOptions: { schema } }: FastifyRequest) {
  if (schema === undefined || schema.hide) return
  if (schema.querystring === undefined) assertEmpty('querystring', query)
  if (schema.body === undefined && body !== undefined && body !== null) assertEmpty('body', body)
}

function assertEmpty(part: string, value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new errors.BadRequest(`${part} must be empty`)
  }
  const [name] = Object.keys(value)
  if (name !== undefined) throw new errors.BadRequest(describeUnknown(part, name))
}

const describeUnknown = (field: string, name: string) =>
  `${field} must not have the property ${JSON.stringify(name.slice(0, NAME_MAX))}`

/** One line that names the field and what it must be; never its value. */
function describe(part: string, found: ErrorObject[]): string {
  const [{ instancePath, keyword, message, params, parentSchema }] = found as [ErrorObject]
  const field = (part + instancePath.replaceAll('/', '.')).slice(0, NAME_MAX)
  switch (keyword) {
    case 'additionalProperties':
      return describeUnknown(field, params.additionalProperty)
    case 'const': {
      const allowed = found.filter(error => error.keyword === 'const').map(error => error.params.allowedValue)
      return `${field} must be one of ${allowed.join(', ')}`
    }
    case 'pattern':
      return `${field} is malformed${parentSchema?.description ? `: ${parentSchema.description}` : ''}`
    default:
      return `${field} ${message}`
  }
}

export default fp(validation, { name: 'validation' })
