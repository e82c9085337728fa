#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { explain, reasonOf } from '../../plugins/config/reason.js'
import { type Command, type Context, checkOperands, UsageError } from './command.js'
import { describeCommand, listCommands } from './help.js'

/**
 * The operator's command line: `talkie COMMAND`. It reads the same environment variables as the server.
 *
 * Exit codes: 0 success, 1 failure (standard error has one line with the reason), 2 wrong usage.
 */

/** Imported on demand, because most of their dependencies are slow to load. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./start.js')).start,
  'user add': async () => (await import('./user.js')).add,
  'user block': async () => (await import('./user.js')).block,
  'user unblock': async () => (await import('./user.js')).unblock,
  'user delete': async () => (await import('./user.js')).remove,
  'user reset-password': async () => (await import('./user.js')).resetPassword,
  'user admin': async () => (await import('./user.js')).admin,
  'user list': async () => (await import('./list.js')).userList,
  'room list': async () => (await import('./list.js')).roomList,
  'room export': async () => (await import('./room/export.js')).roomExport,
  'room import': async () => (await import('./room/import.js')).roomImport,
  stats: async () => (await import('./stats.js')).stats,
  backup: async () => (await import('./backup.js')).backup,
  restore: async () => (await import('./restore.js')).restore,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  doctor: async () => (await import('./doctor.js')).doctor,
}

const help = { type: 'boolean', short: 'h' } as const
const isHelp = (word: string | undefined) => word === '--help' || word === '-h'

/** @returns the exit code */
export async function talkie(args: string[], context: Context): Promise<number> {
  // `talkie help user add` is `talkie user add --help`.
  const words = args[0] === 'help' ? [...args.slice(1), '--help'] : args
  const name = Object.keys(commands).find(name => `${words.join(' ')} `.startsWith(`${name} `))
  const load = name === undefined ? undefined : commands[name]
  if (name === undefined || load === undefined) return answerWithoutCommand(words, context)
  const command = await load()
  try {
    const { values, positionals } = parse(words.slice(name.split(' ').length), command)
    if (values.help) {
      context.output.write(describeCommand(name, command))
      return 0
    }
    checkOperands(positionals, command.operands)
    return (await command.run(positionals, values, context)) ?? 0
  } catch (error) {
    const line = explain(error)
    context.printError(error instanceof UsageError ? `${line}. See: talkie ${name} --help` : line)
    return error instanceof UsageError ? 2 : 1
  }
}

async function answerWithoutCommand([first, second]: string[], { output, printError }: Context): Promise<number> {
  const group = Object.entries(commands).filter(([name]) => first !== undefined && name.startsWith(`${first} `))
  const isGroup = group.length > 0
  if (isHelp(first) || (isGroup && isHelp(second))) {
    const listed = isGroup ? group : Object.entries(commands)
    const loaded = listed.map(async ([name, load]): Promise<[string, Command]> => [name, await load()])
    output.write(listCommands(await Promise.all(loaded), isGroup ? first : undefined))
    return 0
  }
  if (first === undefined) printError('Missing command. See: talkie --help')
  else if (!isGroup) printError(`Unknown command ${JSON.stringify(first)}. See: talkie --help`)
  else if (second === undefined) printError(`Missing command after "${first}". See: talkie ${first} --help`)
  else printError(`Unknown command ${JSON.stringify(`${first} ${second}`)}. See: talkie ${first} --help`)
  return 2
}

function parse(args: string[], { options = {} }: Command) {
  try {
    return parseArgs({ args, options: { ...options, help }, allowPositionals: true }) as {
      values: Record<string, string | boolean | undefined>
      positionals: string[]
    }
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ', 1)[0])
  }
}

// npm installs the command as a symbolic link, so compare the real path.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { env, stdin, stdout, stderr } = process
  stdout.on('error', error => {
    stderr.write(`Standard output cannot be written: ${reasonOf(error) ?? explain(error)}\n`)
    process.exit(1)
  })
  stderr.on('error', () => {})
  process.exitCode = await talkie(process.argv.slice(2), {
    env,
    input: stdin,
    output: stdout,
    print: line => stdout.write(`${line}\n`),
    printError: line => stderr.write(`${line}\n`),
  })
}
