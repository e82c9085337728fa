import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { createAdminHttp } from '../../client/admin-http.js'
import { ApiError } from '../../client/index.js'
import { useAccount, useOwnTexts } from '../components/hooks.js'
import { adminTexts } from './texts.js'

/** The server is asked once the user has stopped typing for this long, ms. */
const SEARCH_MS = 300

/** The administration API. `attempt` waits for a request and shows its failure; undefined if it failed. */
export function useAdmin() {
  const account = useAccount()
  const own = useOwnTexts(adminTexts)
  const http = useMemo(() => createAdminHttp(account.http.sender), [account])
  async function attempt<T>(request: Promise<T>): Promise<T | undefined> {
    try {
      return await request
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Only administrators find these paths.
      if (error.code === 'NOT_FOUND') account.store.set({ me: { ...account.store.state.me, is_admin: false } })
      const text = (own.errors as Partial<Record<string, string>>)[error.code]
      if (text === undefined) return account.attempt(Promise.reject(error))
      account.store.set({ error: text })
      return undefined
    }
  }
  return { http, attempt }
}

interface Query {
  q?: string
  after?: string
}

/**
 * A list that is searched on the server and read page by page.
 * @param read of a page, which may be empty and yet lead to another one; undefined if it failed
 */
export function useSearch<Row>(read: (query: Query) => Promise<{ rows: Row[]; next?: string } | undefined>) {
  const [q, setQuery] = useState('')
  const [rows, setRows] = useState<readonly Row[] | null>(null)
  const [next, setNext] = useState<string | undefined>()
  /** Responses may overtake each other: only those to the last request count. */
  const requests = useRef(0)

  async function load(known: readonly Row[], from?: string) {
    const request = ++requests.current
    const found: Row[] = []
    let after = from
    do {
      const page = await read({ ...(q.trim() && { q: q.trim() }), ...(after !== undefined && { after }) })
      if (!page || request !== requests.current) return
      found.push(...page.rows)
      after = page.next
    } while (found.length === 0 && after !== undefined)
    setRows([...known, ...found])
    setNext(after)
  }
  useEffect(() => {
    const timer = setTimeout(() => load([]), rows === null ? 0 : SEARCH_MS)
    return () => clearTimeout(timer)
  }, [q])

  return {
    q,
    setQuery,
    /** Null until the first page is there. */
    rows,
    setRows,
    /** Loads the next page; undefined after the last one. */
    more: next === undefined ? undefined : () => load(rows ?? [], next),
  }
}
