import type { Command } from './command.js'

export const start: Command = {
  summary: 'Starts the server',
  operands: '',
  help: 'As npm start does, without building. It drains and ends at SIGTERM.',
  async run() {
    // It tells what is wrong and ends the process by itself.
    await import('../../server.js')
    return undefined
  },
}
