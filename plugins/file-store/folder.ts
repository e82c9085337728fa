import { constants, createReadStream } from 'node:fs'
import { access, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errors } from '../../schemas/error.js'
import { assertKey, type ByteRange, type FileStore, KEY, type Spooled } from './file-store.js'

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/** @returns null if the file is missing */
function unlessMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw failure(error)
}

function failure(error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return new errors.StorageFull({ cause: error as Error })
  return new errors.FilesUnavailable({ cause: error as Error })
}

async function sync(path: string) {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Files in a folder, in subfolders by the first two characters of their keys, so that no folder gets too long. */
export async function openFolder(folder: string): Promise<FileStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const pathOf = (key: string) => join(folder, assertKey(key).slice(0, 2), key)

  return {
    description: `files in ${folder}`,

    /** The spooled file is renamed, or copied if it is on another disk. */
    async put(key, { path }: Spooled) {
      const target = pathOf(key)
      try {
        await sync(path)
        await mkdir(dirname(target), { mode: 0o700 }).then(
          () => sync(folder),
          error => {
            if (codeOf(error) !== 'EEXIST') throw error
          },
        )
        await rename(path, target)
        await sync(dirname(target))
      } catch (error) {
        throw failure(error)
      }
    },

    async open(key, range?: ByteRange) {
      const handle = await open(pathOf(key), 'r').catch(unlessMissing)
      // The stream closes the handle at its end, and when it is destroyed.
      return handle && createReadStream('', { fd: handle, ...range, highWaterMark: 256 * 1024 })
    },

    async sizeOf(key) {
      return (await stat(pathOf(key)).catch(unlessMissing))?.size ?? null
    },

    async remove(key) {
      await rm(pathOf(key), { force: true }).catch(error => {
        throw failure(error)
      })
    },

    async *list() {
      for await (const { name: part } of await opendir(folder)) {
        for await (const { name } of await opendir(join(folder, part))) {
          if (!KEY.test(name)) continue
          const found = await stat(join(folder, part, name)).catch(unlessMissing)
          if (found) yield { key: name, size: found.size }
        }
      }
    },

    async ping() {
      await access(folder, constants.W_OK).catch(error => {
        throw failure(error)
      })
    },

    close: async () => {},
  }
}
