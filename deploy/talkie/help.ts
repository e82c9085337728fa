import type { Command } from './command.js'

const MORE = `Run "talkie COMMAND --help" for details.
Commands read the same environment variables as the server: see docs/configuration.md.`

/** The list of commands. @param group the first word of the commands to list; all if it is missing */
export function listCommands(commands: [name: string, command: Command][], group = 'COMMAND'): string {
  const rows = commands.map(([name, { operands, summary }]) => `  ${`${name} ${operands}`.padEnd(30)} ${summary}`)
  const usage = `Usage: talkie ${group}${group === 'COMMAND' ? '' : ' COMMAND'} [ARGUMENTS]`
  return `${usage}\n\nCommands:\n${rows.join('\n')}\n\n${MORE}\n`
}

/** The help of one command. */
export function describeCommand(name: string, { operands, usageOptions, summary, help }: Command): string {
  const usage = ['Usage: talkie', name, operands, usageOptions].filter(Boolean).join(' ')
  return `${usage}\n\n${summary}.\n${help === undefined ? '' : `\n${help}\n`}`
}
