import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes the secrets that the services of compose.yaml share, once: a folder for each service, which sees no other's.
 * What is there stays, so a restart changes nothing; delete the volumes to start anew.
 */

/** Users of the official images of MongoDB and Redis, and ours. */
const MONGODB = 999
const REDIS = 999
const TALKIE = 1000

const [top = '/secrets'] = process.argv.slice(2)
const secret = () => randomBytes(32).toString('base64url')

/** Readable by its service only. Numbers of users can only be given away by root, as it runs in a container. */
function write(path: string, text: string, owner: number) {
  writeFileSync(join(top, path), text, { mode: 0o400 })
  if (process.getuid?.() === 0) chownSync(join(top, path), owner, owner)
}

// Written last, so a start that was cut off begins again.
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
