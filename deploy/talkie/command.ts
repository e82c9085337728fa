import type { Readable, Writable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'
import type { Environment } from '../../plugins/config/index.js'

/** What a command has of the process it runs in. */
export interface Surroundings {
  env: Environment
  input: Readable & { isTTY?: boolean }
  output: Writable
  /** A line of the output. */
  say(line: string): void
  /** A line beside the output, on standard error. */
  complain(line: string): void
}

export type Values = Record<string, string | boolean | undefined>

/** One command of `talkie`. */
export interface Command {
  /** One line, for the overview. */
  summary: string
  /** Its arguments but the options, as `ROOM [FILE]`. */
  operands: string
  /** Its options, as they are written. */
  switches?: string
  /** What else must be known. */
  help?: string
  options?: NonNullable<ParseArgsConfig['options']>
  /**
   * @returns the exit code, 0 where it returns nothing
   * @throws WrongUsage; any other Error whose message is one plain sentence, for exit code 1
   */
  run(positionals: string[], values: Values, around: Surroundings): Promise<number | undefined>
}

/** What was asked cannot be understood. */
export class WrongUsage extends Error {}

/** @throws WrongUsage unless there are as many as names, those in brackets being optional */
export function takeArguments(positionals: string[], operands: string): void {
  const names = operands.split(' ').filter(Boolean)
  const required = names.filter(name => !name.startsWith('['))
  const missing = required[positionals.length]
  if (missing !== undefined) throw new WrongUsage(`${missing} is missing`)
  const extra = positionals[names.length]
  if (extra !== undefined) throw new WrongUsage(`${JSON.stringify(extra)} is one argument too many`)
}
