#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Command, type Surroundings, takeArguments, WrongUsage } from './command.js'

/**
 * The command line of who runs the server: `talkie COMMAND`. It reads the same environment as the server.
 *
 * Exit codes: 0 done, 1 failed (one line on standard error says why), 2 not understood.
 */

/** Loaded when they are wanted: most of what they need takes long to load. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./start.js')).start,
  'user add': async () => (await import('./user.js')).add,
  'user block': async () => (await import('./user.js')).block,
  'user unblock': async () => (await import('./user.js')).unblock,
  'user reset-password': async () => (await import('./user.js')).resetPassword,
  'room export': async () => (await import('./room-export.js')).roomExport,
  'room import': async () => (await import('./room-import.js')).roomImport,
  backup: async () => (await import('./backup.js')).backup,
  restore: async () => (await import('./restore.js')).restore,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  doctor: async () => (await import('./doctor.js')).doctor,
}

const help = { type: 'boolean', short: 'h' } as const

/** @returns the exit code */
export async function talkie(args: string[], around: Surroundings): Promise<number> {
  const name = Object.keys(commands).find(name => `${args.join(' ')} `.startsWith(`${name} `))
  const load = name === undefined ? undefined : commands[name]
  if (name === undefined || load === undefined) {
    const asked = ['--help', '-h', 'help'].includes(args[0] ?? '')
    if (asked) around.output.write(await overview())
    else if (args.length === 0) around.complain('Say a command; talkie --help lists them')
    else around.complain(`There is no command ${JSON.stringify(args.slice(0, 2).join(' '))}; talkie --help lists them`)
    return asked ? 0 : 2
  }
  const command = await load()
  try {
    const { values, positionals } = read(args.slice(name.split(' ').length), command)
    if (values.help) {
      around.output.write(describe(name, command))
      return 0
    }
    takeArguments(positionals, command.operands)
    return (await command.run(positionals, values, around)) ?? 0
  } catch (error) {
    const [line] = (error as Error).message.split('\n', 1)
    around.complain(error instanceof WrongUsage ? `${line}; talkie ${name} --help` : (line as string))
    return error instanceof WrongUsage ? 2 : 1
  }
}

function read(args: string[], { options = {} }: Command) {
  try {
    return parseArgs({ args, options: { ...options, help }, allowPositionals: true }) as {
      values: Record<string, string | boolean | undefined>
      positionals: string[]
    }
  } catch (error) {
    throw new WrongUsage((error as Error).message.split('. ', 1)[0])
  }
}

async function overview(): Promise<string> {
  const lines: string[] = []
  for (const [name, load] of Object.entries(commands)) {
    const { operands, summary } = await load()
    lines.push(`  ${`talkie ${name} ${operands}`.padEnd(36)} ${summary}`)
  }
  return `${lines.join('\n')}\n\nEach tells more with --help. All read the server's own environment (docs/configuration.md).\n`
}

function describe(name: string, { operands, switches, summary, help }: Command): string {
  return `${['talkie', name, operands, switches].filter(Boolean).join(' ')}\n\n${summary}.\n${help === undefined ? '' : `\n${help}\n`}`
}

// npm puts a symbolic link on the PATH.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { env, stdin, stdout, stderr } = process
  process.exitCode = await talkie(process.argv.slice(2), {
    env,
    input: stdin,
    output: stdout,
    say: line => stdout.write(`${line}\n`),
    complain: line => stderr.write(`${line}\n`),
  })
}
