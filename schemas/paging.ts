import type { TSchema } from '@sinclair/typebox'

/** The schema of a page of a list, with the header by which every list leads to its next page. */
export function paged<T extends TSchema>(page: T, description: string): T {
  const Link = {
    type: 'string',
    description: 'The URL of the next page, with `rel="next"`; absent on the last page',
    examples: ['</rooms?limit=50&after=Lunch>; rel="next"'],
  }
  return { ...page, description, headers: { Link } }
}
