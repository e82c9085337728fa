import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { type Accounts, createAccounts } from '../../plugins/auth/accounts.js'
import { createPasswords } from '../../plugins/auth/passwords.js'
import { openSessions } from '../../plugins/auth/sessions.js'
import type { Command, Surroundings, Values } from './command.js'
import { readLines } from './lines.js'
import { withStore } from './store.js'

/** Over what any password may have. */
const PASSWORD_LINE_MAX = 1024
/** 20 characters, 120 bits. */
const GENERATED_BYTES = 15

const passwordOptions = { generate: { type: 'boolean' } } as const
const passwordHelp = `The password is the first line of standard input, never an argument, which others could see. With
--generate one is made, which is all that is written to standard output.`
const stoppedHelp = 'With the embedded store the server must be stopped; with MongoDB servers may run.'

export const add: Command = {
  summary: 'Adds an account',
  operands: 'USERNAME',
  switches: '[--generate]',
  help: `${passwordHelp}\n${stoppedHelp}`,
  options: passwordOptions,
  async run([username = ''], values, around) {
    const password = await takePassword(values, around)
    await withAccounts(around, accounts => accounts.add({ username, password }))
    around.say(values.generate ? password : `${username} is added`)
    return undefined
  },
}

export const block: Command = {
  summary: 'Ends all sessions of a user, who cannot log in any more',
  operands: 'USERNAME',
  help: `Sockets close and tokens are refused on running servers within a second. ${stoppedHelp}`,
  async run([username = ''], _values, around) {
    const ended = await withAccounts(around, accounts => accounts.block(username))
    around.say(`${username} is blocked; sessions ended: ${ended}`)
    return undefined
  },
}

export const unblock: Command = {
  summary: 'Lets a blocked user log in again',
  operands: 'USERNAME',
  help: stoppedHelp,
  async run([username = ''], _values, around) {
    await withAccounts(around, accounts => accounts.unblock(username))
    around.say(`${username} may log in again`)
    return undefined
  },
}

export const resetPassword: Command = {
  summary: 'Gives a user another password and ends all sessions',
  operands: 'USERNAME',
  switches: '[--generate]',
  help: `${passwordHelp}\n${stoppedHelp}`,
  options: passwordOptions,
  async run([username = ''], values, around) {
    const password = await takePassword(values, around)
    const ended = await withAccounts(around, accounts => accounts.setPassword(username, password))
    around.say(values.generate ? password : `${username} has another password; sessions ended: ${ended}`)
    return undefined
  },
}

function withAccounts<T>({ env }: Surroundings, work: (accounts: Accounts) => Promise<T>): Promise<T> {
  return withStore(env, async ({ store, config, log }) => {
    const sessions = await openSessions(store, log)
    const passwords = createPasswords(config.BCRYPT_COST)
    try {
      return await work(createAccounts(store, sessions, passwords))
    } finally {
      await sessions.close()
      await passwords.close()
    }
  })
}

async function takePassword({ generate }: Values, { input, complain }: Surroundings): Promise<string> {
  if (generate) return randomBytes(GENERATED_BYTES).toString('base64url')
  if (input.isTTY) return askUnseen(input, complain)
  for await (const line of readLines(input, PASSWORD_LINE_MAX)) return line
  throw new Error('Standard input holds no password: write one line to it, or say --generate')
}

/** What is typed is not shown. */
async function askUnseen(input: NodeJS.ReadableStream, complain: (line: string) => void): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true })
  complain('Password (not shown):')
  try {
    return await lines.question('')
  } finally {
    lines.close()
  }
}
