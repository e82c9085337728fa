/** The attacking process: `node attacker.js NAME PORT TOKEN SECONDS`. Answers what was refused, as JSON, at its end. */
import { setPriority } from 'node:os'
import { honest } from './honest.js'
import { withAccount, withoutAccount } from './over-http.js'
import { overSockets } from './over-sockets.js'
import { type Attack, ask } from './tools.js'
import { PASSWORD } from './world.js'

/** Every attack and every honest load, by its name. */
export const attacks = { ...withoutAccount, ...withAccount, ...overSockets, ...honest }

async function run(name: keyof typeof attacks, port: number, token: string, seconds: number) {
  // The healthy user is measured on the same core.
  setPriority(10)
  const until = performance.now() + seconds * 1000
  const attack: Attack = {
    port,
    token,
    refused: {},
    going: () => performance.now() < until,
    async login(username, localAddress) {
      const body = { username, password: PASSWORD }
      const answer = await ask(port, 'POST', '/auth/login', { body, ...(localAddress && { localAddress }) })
      return JSON.parse(answer.body).token
    },
    async loop(lanes, work) {
      const lane = async (index: number) => {
        while (attack.going()) await work(index)
      }
      await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
    },
  }
  await attacks[name]?.(attack)
  process.send?.(attack.refused)
  process.exit()
}

if (process.argv[1] === import.meta.filename) {
  const [, , name = '', port, token = '', seconds] = process.argv
  await run(name, Number(port), token, Number(seconds))
}
