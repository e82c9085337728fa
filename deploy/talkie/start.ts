import type { Command } from './command.js'

export const start: Command = {
  summary: 'Start the server',
  operands: '',
  help: 'Like npm start, but without a build. On SIGTERM the server drains its connections and exits.',
  async run() {
    // The server reports its own errors and ends the process.
    await import('../../server.js')
    return undefined
  },
}
