import { type TSchema, Type } from '@sinclair/typebox'
import { limits } from './wire.js'

export const PageLimit = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: limits.PAGE_MAX,
    default: limits.PAGE_DEFAULT,
    description: 'Maximum number of results per page',
  }),
)

/** The schema of a page of a list, with the header by which every list leads to its next page. */
export function paged<T extends TSchema>(page: T, description: string): T {
  const Link = {
    type: 'string',
    description: 'The URL of the next page, with `rel="next"`; absent on the last page',
    examples: ['</rooms?limit=50&after=Lunch>; rel="next"'],
  }
  return { ...page, description, headers: { Link } }
}
