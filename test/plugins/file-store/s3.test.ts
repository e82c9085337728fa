import { randomBytes, randomUUID } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, type Test, test } from 'tap'
import { openS3 } from '../../../plugins/file-store/s3.js'
import { s3Missing, startS3 } from '../../support/s3.js'
import { fileStoreContract, spool } from './contract.js'

const missing = s3Missing()
if (missing) test('S3-compatible storage', { skip: missing }, async () => {})
else {
  const { env, kill, start, stop } = await startS3()
  after(stop)
  const access = {
    endpoint: env.S3_ENDPOINT,
    bucket: env.S3_BUCKET,
    region: 'us-east-1',
    access_key_id: env.S3_ACCESS_KEY_ID,
    secret_access_key: env.S3_SECRET_ACCESS_KEY,
  }

  fileStoreContract('S3', async () => {
    let files = await openS3(access)
    return {
      files,
      async reopen() {
        await files.close()
        files = await openS3(access)
        return files
      },
      async destroy() {
        for await (const { key } of files.list()) await files.remove(key)
        await files.close()
      },
    }
  })

  test('bytes that are not those of the hash are refused, and nothing is stored', async t => {
    const files = await openS3(access)
    t.after(() => files.close())
    const key = randomUUID()
    const { path, size } = spool(t, randomBytes(100_000))
    await t.rejects(files.put(key, { path, size, sha256: '0'.repeat(64) }), { code: 'FILES_UNAVAILABLE' })
    t.equal(await files.sizeOf(key), null)
  })

  test('while the storage is down, calls fail at once; when it is back, they work', async t => {
    const files = await openS3(access)
    t.after(() => files.close())
    const key = randomUUID()
    await files.put(key, spool(t, Buffer.from('before')))
    await kill()
    await t.rejects(files.open(key), { code: 'FILES_UNAVAILABLE', statusCode: 503 })
    await t.rejects(files.put(randomUUID(), spool(t, Buffer.from('x'))), { code: 'FILES_UNAVAILABLE' })
    await t.rejects(files.ping(), { code: 'FILES_UNAVAILABLE' })
    await start()
    const stream = await files.open(key)
    t.equal(`${await buffer(stream as never)}`, 'before')
    await files.remove(key)
  })

  test('a wrong secret or bucket is one sentence that does not hold the secret', async t => {
    for (const wrong of [{ secret_access_key: 'hunter2' }, { bucket: 'nowhere' }]) {
      await t.rejects(openS3({ ...access, ...wrong }), {
        message: /^The bucket S3_BUCKET at S3_ENDPOINT cannot be used: The storage answers 40[34]$/,
      })
    }
  })
}

/** Storage that answers every request by a function. */
async function fake(t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = http.createServer((request, response) => {
    request.resume()
    if (request.method === 'HEAD') response.end()
    else answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close().closeAllConnections())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const files = await openS3({ endpoint, bucket: 'b', region: 'r', access_key_id: 'k', secret_access_key: 's' })
  t.after(() => files.close())
  return files
}

// F83
test('no request has a checksum, a chunked signature or a trailer, which not every storage knows', async t => {
  const seen: string[] = []
  const files = await fake(t, ({ headers }, response) => {
    seen.push(...Object.keys(headers), ...Object.values(headers).map(String))
    response.end()
  })
  for (const size of [10, 9_000_000]) await files.put(randomUUID(), spool(t, randomBytes(size)))
  t.notMatch(seen.join('\n'), /checksum|aws-chunked|trailer|STREAMING/i)
})

test('full storage is an error of its own, and so is one that fails', async t => {
  for (const [status, code, expected] of [
    [507, 'X', 'STORAGE_FULL'],
    [403, 'QuotaExceeded', 'STORAGE_FULL'],
    [500, 'InternalError', 'FILES_UNAVAILABLE'],
    [503, 'SlowDown', 'FILES_UNAVAILABLE'],
  ] as const) {
    const files = await fake(t, (_request, response) => {
      response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`)
    })
    await t.rejects(files.put(randomUUID(), spool(t, Buffer.from('x'))), { code: expected })
  }
})

test('an answer that ends early fails, also with a right status', async t => {
  const files = await fake(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('only this')
    setTimeout(() => response.destroy(), 50)
  })
  const stream = await files.open(randomUUID())
  await t.rejects(buffer(stream as never))
})
