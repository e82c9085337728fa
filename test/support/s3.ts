import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { missing } from './missing.js'
import { freePort, listens } from './port.js'
import { findBuilt } from './services.js'

/** Why tests that need S3-compatible storage cannot run here; false if they can. */
export const s3Missing = (): string | false => missing(findBuilt('versitygw') !== undefined, 'versitygw')

export interface Bucket {
  /** Variables of a server that uses it. */
  env: Record<'S3_ENDPOINT' | 'S3_BUCKET' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY', string>
  /** Where its objects are, as files. */
  folder: string
  /** SIGKILL. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** S3-compatible storage with one empty bucket, in a temporary folder. */
export async function startS3(): Promise<Bucket> {
  const file = findBuilt('versitygw') as string
  const root = mkdtempSync(join(tmpdir(), 'talkie-s3-'))
  const folder = join(root, 'objects', 'talkie')
  for (const path of [folder, join(root, 'metadata')]) mkdirSync(path, { recursive: true })
  const port = await freePort()
  let child: ChildProcess

  async function start() {
    // Metadata in a folder of its own, because not every disk can keep it beside the files.
    const args = ['--quiet', '--port', `127.0.0.1:${port}`, 'posix', '--sidecar', join(root, 'metadata')]
    child = spawn(file, [...args, join(root, 'objects')], {
      env: { ROOT_ACCESS_KEY: 'talkie', ROOT_SECRET_KEY: 'talkie-secret' },
      stdio: 'ignore',
    })
    child.unref()
    await eventually(() => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('versitygw has ended')
      return listens(port)
    })
  }

  async function kill() {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.ref()
    child.kill('SIGKILL')
    await ended
  }

  function end() {
    child.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', end)
  await start()
  return {
    env: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_BUCKET: 'talkie',
      S3_ACCESS_KEY_ID: 'talkie',
      S3_SECRET_ACCESS_KEY: 'talkie-secret',
    },
    folder,
    kill,
    start,
    async stop() {
      await kill()
      process.off('exit', end)
      rmSync(root, { recursive: true, force: true })
    },
  }
}
