import { mkdtempSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { json } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { StoredEvent } from '../schemas/event.js'
import type { AccountChange } from '../schemas/user.js'
import { explain } from './config/reason.js'
import { Conflict, type Store } from './store/index.js'

/** A call of a store's method, and its answer; `conflict` tells a Conflict from other errors. */
export interface StoreCall {
  method: keyof Store
  args: unknown[]
}
export type StoreAnswer = { value?: unknown } | { error: { message: string; code?: string; conflict: boolean } }

/** Name of the socket in DATA_DIR, or of a symbolic link to it. */
export const SOCKET = 'talkie.sock'
/** Bytes of a Unix socket's path that all systems accept. */
const PATH_BYTES = 103

/** Methods that only this process may call. */
const CLOSED: ReadonlySet<string> = new Set(['close', 'observe'])

type Method = (...args: unknown[]) => Promise<unknown>

/**
 * Lets `talkie user`, `room` and `stats` work beside a server on the embedded store, which only one process can open: they
 * call its store's methods through a Unix socket in DATA_DIR. Only the server's user can connect.
 */
async function commandSocket(fastify: FastifyInstance) {
  const { auth, config, log, roomLog, store } = fastify
  // Commands open a shared store themselves.
  if (store.shared) return
  const methods = store as unknown as Record<string, Method>

  async function call({ method, args }: StoreCall): Promise<StoreAnswer> {
    const run = Object.hasOwn(methods, method) && !CLOSED.has(method) ? methods[method] : undefined
    if (typeof run !== 'function') throw new Error(`The store has no method ${method}`)
    const value = await run(...args)
    // To sockets that follow the room.
    if (method === 'append' && !String(args[0]).startsWith('_')) {
      roomLog.publish(args[0] as string, args[2] as StoredEvent[])
    }
    const [username, change] = args as [string, AccountChange]
    if (method === 'changeAccount' && change.is_admin !== undefined) {
      auth.events.emit('rights', username, change.is_admin)
    }
    const audited = auditOf(method, args)
    if (audited) log.info(audited, `audit: ${audited.audit} by the operator`)
    return { value }
  }

  const server = createServer(async (request, response) => {
    const answer = await json(request)
      .then(body => call(body as StoreCall))
      .catch(error => ({ error: { message: error.message, code: error.code, conflict: error instanceof Conflict } }))
    response.end(JSON.stringify(answer))
  })
  const path = resolve(config.DATA_DIR, SOCKET)
  fastify.addHook('onListen', async () => {
    try {
      clear(path)
      await listen(place(path))
    } catch (error) {
      log.warn(`talkie user, room and stats need this server to stop: ${explain(error)}`)
    }
  })
  fastify.addHook('onClose', async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    clear(path)
  })

  function listen(at: string) {
    return new Promise<void>((done, reject) => {
      // The socket gets its mode when it is bound, which is in this turn.
      const mask = process.umask(0o177)
      server.once('error', reject).listen(at, done).unref()
      process.umask(mask)
    })
  }
}

/** @returns the path, or if it is too long a shorter one in a folder of our own, to which the path is then a link */
function place(path: string): string {
  if (Buffer.byteLength(path) <= PATH_BYTES) return path
  const short = join(mkdtempSync(join(tmpdir(), 'talkie-')), SOCKET)
  symlinkSync(short, path)
  return short
}

/** Removes the socket, also that of a killed server: this process holds the lock of the folder. */
function clear(path: string) {
  try {
    const short = readlinkSync(path)
    rmSync(short, { force: true })
    rmdirSync(dirname(short))
  } catch {
    // Not a link, or its target no longer exists.
  }
  rmSync(path, { force: true })
}

/** What the log says of a change by an operator; it never holds a password or its hash. */
function auditOf(
  method: string,
  args: unknown[],
): { audit: string; outcome: string; user?: string; room_id?: string } | null {
  const outcome = 'succeeded'
  const [first, change] = args as [{ username?: string; id?: string } & string, AccountChange]
  if (method === 'createUser') return { audit: 'user_added', outcome, user: first.username as string }
  if (method === 'createRoom') return { audit: 'room_imported', outcome, room_id: first.id as string }
  if (method !== 'changeAccount') return null
  return { audit: auditOfChange(change), outcome, user: first }
}

function auditOfChange({ blocked, deletion, deletion_done, is_admin, password_hash }: AccountChange): string {
  if (deletion !== undefined) return 'account_deleted'
  if (deletion_done !== undefined) return 'account_deletion_resumed'
  if (blocked !== undefined) return blocked ? 'user_blocked' : 'user_unblocked'
  if (is_admin !== undefined) return is_admin ? 'admin_appointed' : 'admin_dismissed'
  return password_hash === undefined ? 'reset_link_made' : 'password_reset'
}

export default fp(commandSocket, { name: 'command-socket', dependencies: ['auth', 'config', 'store', 'room-log'] })
