import type { TSchema } from '@sinclair/typebox'

/**
 * A value that the schema allows, built from the examples in it, with all optional properties.
 * @throws Error if a part has no example and none follows from its type: add one to the schema
 */
export function exampleOf(schema: TSchema): unknown {
  if (schema.examples?.length > 0) return schema.examples[0]
  if ('default' in schema) return schema.default
  if ('const' in schema) return schema.const
  if (schema.anyOf) return exampleOf(schema.anyOf[0])
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries<TSchema>(schema.properties ?? {}).map(([name, property]) => [name, named(name, property)]),
      )
    case 'array':
      return [exampleOf(schema.items)]
    case 'boolean':
      return true
    case 'null':
      return null
  }
  throw new Error(`no example in ${JSON.stringify(schema)}`)
}

function named(name: string, property: TSchema): unknown {
  try {
    return exampleOf(property)
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`)
  }
}
