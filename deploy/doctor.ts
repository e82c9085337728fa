import type { Command } from './command.js'
export const doctor: Command = {
  summary: 'x',
  operands: '',
  async run() {
    return undefined
  },
}
