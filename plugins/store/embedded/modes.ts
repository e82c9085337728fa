import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const isOurs = (name: string) => /^(talkie\.(db|lock|sock)|jwt-secret|restore\.part)/.test(name)

/** Files that other users of this machine can access, or the folder itself; SQLite's logs get their database's mode. */
export function openToOthers(dataDir: string): string[] {
  const names = readdirSync(dataDir)
  const paths = [dataDir, ...names.filter(isOurs).map(name => join(dataDir, name))]
  return paths.filter(path => (statSync(path).mode & 0o077) !== 0)
}

/** Restricts password hashes and messages to the server's user. A folder that also holds other files keeps its mode. */
export function closeToOthers(dataDir: string) {
  const isShared = !readdirSync(dataDir).every(isOurs)
  for (const path of openToOthers(dataDir)) {
    if (path === dataDir && isShared) continue
    try {
      chmodSync(path, path === dataDir ? 0o700 : 0o600)
    } catch {
      // It belongs to another user, as on some volumes; `talkie doctor` reports it.
    }
  }
}
