import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { createAdministeredAccounts } from '../../plugins/administration/accounts.js'
import { createAudit, OPERATOR } from '../../plugins/administration/audit.js'
import { type Accounts, createAccounts } from '../../plugins/auth/accounts.js'
import { createPasswords } from '../../plugins/auth/passwords.js'
import { openSessions } from '../../plugins/auth/sessions.js'
import type { Store } from '../../plugins/store/index.js'
import { messagesOfDeleted } from '../../schemas/user.js'
import { type Command, type Context, UsageError, type Values } from './command.js'
import { readLines } from './read-lines.js'
import { type Opened, withStore } from './store.js'

/** Longer than any valid password, in bytes. */
const PASSWORD_LINE_MAX = 1024
/** 20 characters, 120 bits. */
const GENERATED_BYTES = 15

const passwordOptions = { generate: { type: 'boolean' } } as const
const passwordHelp = `The password is read from the first line of standard input, never from an argument, which other users of the machine
could see. With --generate a random password is created and printed; nothing else is written to standard output.`
const runningHelp = 'Servers can keep running.'

export const add: Command = {
  summary: 'Create an account',
  operands: 'USERNAME',
  usageOptions: '[--generate]',
  help: `${passwordHelp}\nIf DATA_DIR holds no store, an empty one is created.\n${runningHelp}`,
  options: passwordOptions,
  async run([username = ''], values, context) {
    const password = await takePassword(values, context)
    await withAccounts(context, accounts => accounts.add({ username, password }), { creates: true })
    context.print(values.generate ? password : `Created account ${username}`)
    return undefined
  },
}

export const block: Command = {
  summary: 'Block a user: end all sessions and refuse logins',
  operands: 'USERNAME',
  help: `Running servers close the user's sockets and refuse the user's tokens within a second.\n${runningHelp}`,
  async run([username = ''], _values, context) {
    const ended = await withAccounts(context, accounts => accounts.block(OPERATOR, username))
    context.print(`Blocked ${username}; sessions ended: ${ended}`)
    return undefined
  },
}

export const unblock: Command = {
  summary: 'Allow a blocked user to log in again',
  operands: 'USERNAME',
  help: runningHelp,
  async run([username = ''], _values, context) {
    await withAccounts(context, accounts => accounts.unblock(OPERATOR, username))
    context.print(`Unblocked ${username}`)
    return undefined
  },
}

export const remove: Command = {
  summary: 'Delete an account for good',
  operands: 'USERNAME',
  usageOptions: '--messages keep|delete',
  help: `  --messages keep    the user's messages stay, under "deleted account"
  --messages delete  they are deleted, too

The user is logged out everywhere within a second and cannot log in any more; the username is never free again. The rest is
done by the running servers within a minute or two, or by the next one that starts: the profile is erased, all memberships
end, and a room that the user owns passes to its longest-serving moderator, or else member; without other members it is
deleted.\n${runningHelp}`,
  options: { messages: { type: 'string' } },
  async run([username = ''], { messages }, context) {
    const choice = messagesOfDeleted.find(choice => choice === messages)
    if (choice === undefined) throw new UsageError('--messages must be keep or delete')
    const ended = await withAccounts(context, accounts => accounts.delete(OPERATOR, username, choice))
    context.print(`Deleted account ${username}; sessions ended: ${ended}`)
    return undefined
  },
}

export const resetPassword: Command = {
  summary: 'Set a new password and end all sessions of the user',
  operands: 'USERNAME',
  usageOptions: '[--generate | --link]',
  help: `${passwordHelp}
With --link nothing changes yet: a link is printed, with which the user can set a password once, for 24 hours. Put the
address of the server before it.\n${runningHelp}`,
  options: { ...passwordOptions, link: { type: 'boolean' } },
  async run([username = ''], values, context) {
    if (values.link) {
      const { link } = await withAccounts(context, accounts => accounts.makeResetLink(OPERATOR, username))
      context.print(link)
      return undefined
    }
    const password = await takePassword(values, context)
    const ended = await withAccounts(context, accounts => accounts.setPassword(OPERATOR, username, password))
    context.print(values.generate ? password : `Reset the password of ${username}; sessions ended: ${ended}`)
    return undefined
  },
}

export const admin: Command = {
  summary: 'Make a user an administrator, or no longer one',
  operands: 'USERNAME on|off',
  help: `The first account of a server is an administrator without this command.\n${runningHelp}`,
  async run([username = '', state = ''], _values, context) {
    if (state !== 'on' && state !== 'off')
      throw new UsageError(`Expected on or off instead of ${JSON.stringify(state)}`)
    await withAccounts(context, accounts => accounts.setAdmin(OPERATOR, username, state === 'on'))
    context.print(`${username} is ${state === 'on' ? 'now' : 'no longer'} an administrator`)
    return undefined
  },
}

type OperatedAccounts = ReturnType<typeof operatedAccounts>

function operatedAccounts(store: Store, accounts: Accounts) {
  const { add } = accounts
  return { add, ...createAdministeredAccounts(store, createAudit(store), accounts) }
}

function withAccounts<T>(
  { env }: Context,
  work: (accounts: OperatedAccounts) => Promise<T>,
  options?: { creates: boolean },
): Promise<T> {
  async function open({ store, config, log }: Opened) {
    const sessions = await openSessions(store, log)
    const passwords = createPasswords(config.BCRYPT_COST)
    try {
      return await work(operatedAccounts(store, createAccounts(store, sessions, passwords)))
    } finally {
      await sessions.close()
      await passwords.close()
    }
  }
  return withStore(env, open, options)
}

async function takePassword({ generate }: Values, { input, printError }: Context): Promise<string> {
  if (generate) return randomBytes(GENERATED_BYTES).toString('base64url')
  if (input.isTTY) return askHidden(input, printError)
  for await (const line of readLines(input, PASSWORD_LINE_MAX)) return line
  throw new Error('No password on standard input: pipe one line to this command, or use --generate')
}

/** Asks on the terminal without echoing what is typed. */
async function askHidden(input: NodeJS.ReadableStream, printError: Context['printError']): Promise<string> {
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: discard, terminal: true })
  printError('Password (hidden):')
  try {
    return await lines.question('')
  } finally {
    lines.close()
  }
}
