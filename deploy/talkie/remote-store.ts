import { readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { SOCKET, type StoreAnswer, type StoreCall } from '../../plugins/command-socket.js'
import { Conflict, type Store } from '../../plugins/store/index.js'
import { errors } from '../../schemas/error.js'

/**
 * The embedded store of a running server, whose methods are called through the socket in its DATA_DIR.
 * @returns null if no server takes commands there
 * @throws Error, one sentence, if this user may not connect
 */
export async function openRemoteStore(dataDir: string): Promise<Store | null> {
  const path = join(dataDir, SOCKET)
  const socketPath = linkedFrom(path) ?? path
  const call = async (body: StoreCall) => {
    const answer = await ask(socketPath, body)
    if (!('error' in answer)) return answer.value
    const { message, code, conflict } = answer.error
    if (conflict) throw new Conflict(message)
    throw code === new errors.StoreUnavailable().code ? new errors.StoreUnavailable() : new Error(message)
  }
  try {
    await call({ method: 'readEpoch', args: [] })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Without a server, or after one was killed.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED') return null
    if (code === 'EACCES')
      throw new Error(`${path} belongs to another user: run this command as the user of the server`)
    throw error
  }
  const methods = new Proxy({} as Store, {
    // Not `then`: a promise that resolves with this object would call it.
    get: (_target, method) =>
      method === 'then'
        ? undefined
        : (...args: unknown[]) =>
            call({ method: method as keyof Store, args }).catch(error => {
              const isLost = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(error.code)
              throw isLost ? new Error('The server stopped during the command: run it again') : error
            }),
  })
  return methods
}

function linkedFrom(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

function ask(socketPath: string, body: StoreCall): Promise<StoreAnswer> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/', method: 'POST' })
      .on('response', response => json(response).then(answer => resolve(answer as StoreAnswer), reject))
      .on('error', reject)
      .end(JSON.stringify(body))
  })
}
