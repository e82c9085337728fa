import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { explain } from './plugins/config/reason.js'
import { DRAIN_MARGIN_MS } from './plugins/lifecycle.js'

/** A terminal sends SIGINT to npm and to us, and npm forwards its own: a second one within this time is a duplicate. */
const SAME_SIGINT_MS = 1000

/** Runs the server. On SIGTERM or SIGINT it drains its sockets, then exits. */
async function start() {
  // Until it listens there is nothing to drain. Process 1 of a container ignores signals that it does not handle.
  process.once('SIGTERM', leave).once('SIGINT', leave)
  const { default: app, options } = await import('./app.js')
  const fastify = Fastify(options)
  await fastify.register(app)
  const { HOST, PORT, DRAIN_MS } = fastify.config
  await fastify.listen({ host: HOST, port: PORT })
  process.off('SIGTERM', leave).off('SIGINT', leave)

  const grace = { delay: DRAIN_MS + DRAIN_MARGIN_MS, logger: fastify.log }
  let ending = false
  // No `beforeExit`: code that closes the application itself chooses the exit code.
  const { close } = closeWithGrace({ ...grace, skip: ['SIGINT', 'beforeExit'] }, async ({ err, signal = 'SIGINT' }) => {
    ending = true
    if (err) fastify.log.fatal({ err }, 'Shutting down after an unexpected error')
    else fastify.log.info(`${signal} received: shutting down`)
    await fastify.close()
  })
  let interrupted_at = 0
  process.on('SIGINT', () => {
    if (!ending) {
      interrupted_at = performance.now()
      close()
    } else if (performance.now() - interrupted_at > SAME_SIGINT_MS) {
      process.exit(1)
    }
  })
}

function leave() {
  process.exit(0)
}

/** Why the start failed, in one line for the operator. */
function explainStart(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `PORT ${error.port} of ${error.address} is in use by another process`
    case 'EACCES':
      return error.port === undefined ? explain(error) : `PORT ${error.port} may not be opened by this user`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'HOST is not an address of this machine'
    default:
      return explain(error)
  }
}

try {
  await start()
} catch (error) {
  process.stderr.write(`${explainStart(error as Error)}\n`)
  process.exit(1)
}
