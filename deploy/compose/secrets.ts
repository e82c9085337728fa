import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Creates the secrets that the services of compose.yaml share, in one folder per service; each service sees only its
 * own. Existing secrets are kept, so a restart changes nothing; delete the volumes to create new ones.
 */

/** User ids in the official images of MongoDB and Redis, and in ours. */
const MONGODB = 999
const REDIS = 999
const TALKIE = 1000

const [top = '/secrets'] = process.argv.slice(2)
const secret = () => randomBytes(32).toString('base64url')

/** Makes the file readable by its service only. Only root, as in the container, can change the owner. */
function write(path: string, text: string, owner: number) {
  writeFileSync(join(top, path), text, { mode: 0o400 })
  if (process.getuid?.() === 0) chownSync(join(top, path), owner, owner)
}

// This file is written last, so an interrupted run starts over.
if (!existsSync(join(top, 'talkie', 'talkie.env'))) {
  for (const folder of ['mongodb', 'redis', 'talkie']) mkdirSync(join(top, folder), { recursive: true })
  const password = { root: secret(), talkie: secret(), redis: secret() }
  write('mongodb/root-password', password.root, MONGODB)
  write('mongodb/talkie-password', password.talkie, MONGODB)
  write('mongodb/key', randomBytes(512).toString('base64'), MONGODB)
  write(
    'redis/redis.conf',
    `requirepass ${password.redis}\nsave ""\nappendonly no\nmaxmemory-policy noeviction\n`,
    REDIS,
  )
  write('redis/password', password.redis, REDIS)
  const variables = { JWT_SECRET: secret(), MONGODB_PASSWORD: password.talkie, REDIS_PASSWORD: password.redis }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  write('talkie/talkie.env', lines.join(''), TALKIE)
}
