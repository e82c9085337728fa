import { join } from 'node:path'
import type {} from '@fastify/mongodb'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Db } from 'mongodb'
import type { Config } from '../../schemas/config.js'
import { loadMongo } from '../store/index.js'
import type { FileStore } from './file-store.js'
import { openFolder } from './folder.js'

export type { ByteRange, FileStore, Spooled, StoredBytes } from './file-store.js'

declare module 'fastify' {
  interface FastifyInstance {
    fileStore: FileStore
  }
}

/** The bucket that the configuration names; null if it names none. */
function s3Of(config: Config) {
  const { S3_ENDPOINT, S3_BUCKET, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = config
  if (S3_ENDPOINT === undefined) return null
  return {
    endpoint: S3_ENDPOINT,
    bucket: S3_BUCKET as string,
    region: S3_REGION,
    access_key_id: S3_ACCESS_KEY_ID as string,
    secret_access_key: S3_SECRET_ACCESS_KEY as string,
  }
}

/**
 * Where the configuration puts files: a bucket, else the database, else a folder. Each adapter is loaded if it is used.
 * @param connected the database of the store, if that is MongoDB
 * @throws Error, one sentence, if it cannot be used
 */
export async function openFileStore(config: Config, connected?: Db): Promise<FileStore> {
  const s3 = s3Of(config)
  if (s3 !== null) return (await import('./s3.js')).openS3(s3)
  if (connected === undefined) return openFolder(join(config.DATA_DIR, 'files'))
  const [{ openGridFs }, { withConcerns }] = await Promise.all([import('./gridfs.js'), loadMongo()])
  return openGridFs(withConcerns(connected, config.MONGODB_TIMEOUT_MS))
}

async function fileStore(fastify: FastifyInstance) {
  const { config } = fastify
  const connected = config.MONGODB_URI === undefined ? undefined : fastify.mongo.client.db(config.MONGODB_DATABASE)
  const opened = await openFileStore(config, connected)
  fastify.decorate('fileStore', opened)
  fastify.addHook('onClose', () => opened.close())
}

export default fp(fileStore, { name: 'file-store', dependencies: ['config', 'store'] })
