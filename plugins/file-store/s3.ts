import { createReadStream } from 'node:fs'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { AwsV4Signer } from 'aws4fetch'
import { errors } from '../../schemas/error.js'
import { assertKey, type ByteRange, type FileStore, KEY, type Spooled, whole } from './file-store.js'

/** A connection on which nothing happens for so long is given up, ms. */
const SILENT_MS = 30_000
/** SHA-256 of a body without bytes. */
const NO_BYTES = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export interface S3Access {
  /** Such as https://s3.example.org, without the bucket. */
  endpoint: string
  bucket: string
  region: string
  access_key_id: string
  secret_access_key: string
}

interface Sent {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Empty for the bucket itself. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  file?: Spooled
}

const unavailable = (cause: unknown) => new errors.FilesUnavailable({ cause: cause as Error })

/**
 * Files in a bucket of S3-compatible storage. Of the protocol it uses what every implementation has: signed requests that
 * name the hash of their body, without checksums of newer clients, chunked signatures or trailers. A file is one request, so
 * nothing incomplete ever stays behind; its hash is checked by the storage before it exists.
 * @throws Error, one sentence, if the bucket cannot be used
 */
export async function openS3(access: S3Access): Promise<FileStore> {
  const base = `${access.endpoint.replace(/\/$/, '')}/${access.bucket}`
  const { request, Agent } = base.startsWith('https:') ? https : http
  const agent = new Agent({ keepAlive: true })

  /** @returns the answer, whatever its status, whose body the caller reads or destroys */
  async function send({ method, key = '', query = {}, headers = {}, file }: Sent): Promise<IncomingMessage> {
    const signed = await new AwsV4Signer({
      method,
      url: `${base}${key === '' ? '' : `/${key}`}?${new URLSearchParams(query)}`,
      headers: { ...headers, 'x-amz-content-sha256': file?.sha256 ?? NO_BYTES },
      accessKeyId: access.access_key_id,
      secretAccessKey: access.secret_access_key,
      service: 's3',
      region: access.region,
    }).sign()
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(signed.url, {
        method,
        agent,
        headers: { ...Object.fromEntries(signed.headers), 'content-length': file?.size ?? 0 },
        timeout: SILENT_MS,
      })
      sent.once('response', resolve).once('error', reject)
      sent.once('timeout', () => sent.destroy(new Error('The storage does not answer')))
      if (file === undefined) sent.end()
      // An answer may come, and count, before the whole body was sent.
      else pipeline(createReadStream(file.path, { highWaterMark: 256 * 1024 }), sent).catch(reject)
    })
    return answered.catch(error => {
      throw unavailable(error)
    })
  }

  /** Reads the body of an answer that has none of interest, so that its connection can be used again. */
  function drain(answer: IncomingMessage) {
    answer.on('error', () => {}).resume()
    return answer
  }

  async function assertDone(answer: IncomingMessage) {
    const { statusCode = 0 } = answer
    if (statusCode < 300) return void drain(answer)
    const body = await text(answer).catch(() => '')
    const [, code = `status ${statusCode}`] = /<Code>([^<]*)<\/Code>/.exec(body) ?? []
    const reason = new Error(`The storage answers ${code}`)
    if (statusCode === 507 || /StorageFull|QuotaExceeded|InsufficientCapacity/i.test(code)) {
      throw new errors.StorageFull({ cause: reason })
    }
    throw unavailable(reason)
  }

  async function ping() {
    const answer = drain(await send({ method: 'HEAD' }))
    if (answer.statusCode !== 200) throw unavailable(new Error(`The storage answers ${answer.statusCode}`))
  }

  await ping().catch(({ cause }) => {
    agent.destroy()
    throw new Error(`The bucket S3_BUCKET at S3_ENDPOINT cannot be used: ${(cause as Error).message}`)
  })

  return {
    description: `files in the bucket ${access.bucket} of ${new URL(base).host}`,

    put: async (key, file) => assertDone(await send({ method: 'PUT', key: assertKey(key), file })),

    async open(key, range?: ByteRange) {
      const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end}` } : {}
      const answer = await send({ method: 'GET', key: assertKey(key), headers })
      if (answer.statusCode === 404) {
        drain(answer)
        return null
      }
      if (answer.statusCode !== (range ? 206 : 200)) await assertDone(answer)
      return whole(answer, range ? range.end - range.start + 1 : Number(answer.headers['content-length']))
    },

    async sizeOf(key) {
      const answer = drain(await send({ method: 'HEAD', key: assertKey(key) }))
      if (answer.statusCode === 404) return null
      if (answer.statusCode !== 200) throw unavailable(new Error(`The storage answers ${answer.statusCode}`))
      return Number(answer.headers['content-length'])
    },

    async remove(key) {
      const answer = await send({ method: 'DELETE', key: assertKey(key) })
      if (answer.statusCode === 404) drain(answer)
      else await assertDone(answer)
    },

    async *list() {
      for (let token: string | undefined; ; ) {
        const query = { 'list-type': '2', ...(token !== undefined && { 'continuation-token': token }) }
        const answer = await send({ method: 'GET', query })
        if (answer.statusCode !== 200) await assertDone(answer)
        const xml = await text(answer).catch(error => {
          throw unavailable(error)
        })
        for (const [, part = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const key = /<Key>([^<]*)<\/Key>/.exec(part)?.[1] ?? ''
          if (KEY.test(key)) yield { key, size: Number(/<Size>(\d+)<\/Size>/.exec(part)?.[1]) }
        }
        token = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml)?.[1]?.replaceAll('&amp;', '&')
        if (token === undefined) return
      }
    },

    ping,

    close: async () => agent.destroy(),
  }
}
