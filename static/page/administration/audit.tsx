import { useEffect, useRef, useState } from 'preact/hooks'
import type { AuditEntry } from '../../../schemas/administration.js'
import { useOwnTexts, useTexts } from '../components/hooks.js'
import { DayAndTime } from '../components/time.js'
import { useAdmin } from './hooks.js'
import { adminTexts } from './texts.js'

/** What administrators did, newest first. People are named by username, which nobody can change. */
export function Audit() {
  const { http, attempt } = useAdmin()
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const [entries, setEntries] = useState<readonly AuditEntry[] | null>(null)
  const [deleted, setDeleted] = useState<ReadonlySet<string>>(new Set())
  const [next, setNext] = useState<number | undefined>()
  const requests = useRef(0)

  async function load(known: readonly AuditEntry[] = [], before?: number) {
    const request = ++requests.current
    const page = await attempt(http.audit(before === undefined ? {} : { before }))
    if (!page || request !== requests.current) return
    setEntries([...known, ...page.entries])
    setDeleted(named => new Set([...named, ...page.deleted]))
    setNext(page.next_before)
  }
  useEffect(() => void load(), [])

  const nameOf = (username: string) =>
    username === '' ? own.operator : deleted.has(username) ? texts.deleted_account : own.person(username)
  function describe({ act, username, member = '', room_name = '' }: AuditEntry): string {
    const by = nameOf(username)
    if (act === 'account_deleted' && username === member) return own.own_deleted(by)
    const say = own.acts[act as keyof typeof own.acts] as ((...names: string[]) => string) | undefined
    return say ? say(by, nameOf(member), room_name) : own.other_act(by, act)
  }
  return (
    <>
      {entries === null && <p class="empty">{texts.loading}</p>}
      {entries?.length === 0 && <p class="empty">{own.audit_empty}</p>}
      <ol class="log-entries">
        {entries?.map(entry => (
          <li key={entry.seq}>
            <p dir="auto">{describe(entry)}</p>
            <p class="note">
              <DayAndTime time={entry.created_at} />
              {entry.address && ` · ${entry.address}`}
            </p>
          </li>
        ))}
      </ol>
      {next !== undefined && (
        <button type="button" class="link" onClick={() => load(entries ?? [], next)}>
          {own.show_more}
        </button>
      )}
    </>
  )
}
