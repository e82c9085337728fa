import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const isOurs = (name: string) => /^(talkie\.(db|lock)|jwt-secret|restore\.part)/.test(name)

/** What others on this machine may read in the folder, or the folder itself; SQLite gives a file's mode to its logs. */
export function openToOthers(dataDir: string): string[] {
  const names = readdirSync(dataDir)
  const paths = [dataDir, ...names.filter(isOurs).map(name => join(dataDir, name))]
  return paths.filter(path => (statSync(path).mode & 0o077) !== 0)
}

/** Password hashes and all messages are for the server's user only. A folder that holds other files too keeps its mode. */
export function closeToOthers(dataDir: string) {
  const isShared = !readdirSync(dataDir).every(isOurs)
  for (const path of openToOthers(dataDir)) {
    if (path === dataDir && isShared) continue
    try {
      chmodSync(path, path === dataDir ? 0o700 : 0o600)
    } catch {
      // It belongs to another user, as on some volumes: `talkie doctor` tells.
    }
  }
}
