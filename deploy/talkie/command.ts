import type { Readable, Writable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'
import type { Environment } from '../../plugins/config/index.js'

/** What a command uses of the process that it runs in. */
export interface Context {
  env: Environment
  input: Readable & { isTTY?: boolean }
  output: Writable
  /** Writes a line to standard output. */
  print(line: string): void
  /** Writes a line to standard error. */
  printError(line: string): void
}

export type Values = Record<string, string | boolean | undefined>

/** One command of `talkie`. */
export interface Command {
  /** One line for the list of commands: an imperative without a full stop. */
  summary: string
  /** Its positional arguments, optional ones in brackets: `ROOM [FILE]`. */
  operands: string
  /** Its options, as the usage line shows them. */
  usageOptions?: string
  /** More paragraphs for its help. */
  help?: string
  options?: NonNullable<ParseArgsConfig['options']>
  /**
   * @returns the exit code; nothing stands for 0
   * @throws UsageError; any other Error whose message is one plain sentence, for exit code 1
   */
  run(positionals: string[], values: Values, context: Context): Promise<number | undefined>
}

/** The command line was not understood: exit code 2. */
export class UsageError extends Error {}

/** @throws UsageError if an operand is missing or there are too many */
export function checkOperands(positionals: string[], operands: string): void {
  if (positionals.includes('')) throw new UsageError('An argument is empty')
  const names = operands.split(' ').filter(Boolean)
  const required = names.filter(name => !name.startsWith('['))
  const missing = required[positionals.length]
  if (missing !== undefined) throw new UsageError(`Missing argument ${missing}`)
  const extra = positionals[names.length]
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}`)
}
