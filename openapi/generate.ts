import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { stringify } from 'yaml'
import app from '../app.js'
import { readConfig } from '../plugins/config/index.js'
import { serverOptions } from '../plugins/config/server-options.js'
import type { OpenApiDocument } from '../plugins/docs/complete.js'
import { asyncApiDocument } from './asyncapi.js'
import { configurationPage, environmentExample } from './configuration.js'
import { makePortable } from './patterns.js'

/** The files that are made from the code, by their paths from the top. */
export async function generate(): Promise<Record<string, string>> {
  const { components, paths, ...head } = await openApiDocument()
  return {
    'openapi/openapi.yaml': yaml({ ...head, components, paths }),
    'openapi/asyncapi.yaml': yaml(asyncApiDocument(head.info.version)),
    'docs/configuration.md': configurationPage(),
    '.env.example': environmentExample(),
  }
}

/** Of the whole application, which is built for it and does not listen. */
async function openApiDocument(): Promise<OpenApiDocument> {
  const folder = await mkdtemp(join(tmpdir(), 'talkie-'))
  const env = { DATA_DIR: folder, LOG_LEVEL: 'silent' }
  const fastify = Fastify(serverOptions(readConfig(env)))
  try {
    await fastify.register(app, { env })
    await fastify.ready()
    return fastify.swagger() as unknown as OpenApiDocument
  } finally {
    await fastify.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Without what is only there in memory, and without aliases: people read these files. */
function yaml(document: object) {
  const plain = JSON.parse(JSON.stringify(document))
  makePortable(plain)
  const made = '# Made by `npm run openapi`; a test fails when it is stale.\n'
  return (
    made +
    stringify(plain, {
      lineWidth: 120,
      blockQuote: 'literal',
      aliasDuplicateObjects: false,
    })
  )
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(await generate())) {
    await writeFile(new URL(`../../${path}`, import.meta.url), text)
  }
}
