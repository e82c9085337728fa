import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'

/** What the drain may take besides DRAIN_MS: what is under way, the last commits. */
const MARGIN_MS = 10_000

/** The process: it listens, and at SIGTERM or SIGINT drains before it ends. */
async function start() {
  const { default: app, options } = await import('./app.js')
  const fastify = Fastify(options)
  await fastify.register(app)
  const { HOST, PORT, DRAIN_MS } = fastify.config
  await fastify.listen({ host: HOST, port: PORT })

  closeWithGrace({ delay: DRAIN_MS + MARGIN_MS, logger: fastify.log }, async ({ err, signal }) => {
    if (err) fastify.log.fatal({ err }, 'ending because of an error')
    else fastify.log.info(`ending because of ${signal}`)
    await fastify.close()
  })
}

/** Why the start failed, in one line for whoever started it. */
function explain(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `PORT ${error.port} of ${error.address} is in use by another process`
    case 'EACCES':
      return error.port === undefined ? error.message : `PORT ${error.port} may not be opened by this user`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'HOST is no address of this machine'
    default:
      return error.message
  }
}

try {
  await start()
} catch (error) {
  process.stderr.write(`${explain(error as Error).split('\n', 1)[0]}\n`)
  process.exit(1)
}
