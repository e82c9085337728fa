import { converse, nothingWrong, numberOf, pause, personOf, prepare } from './talk.js'
import { Talker } from './talker.js'

/**
 * Chat over unreliable sockets: USERS (20) users in one room send MESSAGES (20) each, one every EVERY_MS (250), and
 * lose their socket twice, once with messages in flight.
 */
const USERS = numberOf('USERS', 20)
const MESSAGES = numberOf('MESSAGES', 20)
const EVERY_MS = numberOf('EVERY_MS', 250)

export const options = {
  scenarios: { talk: { executor: 'per-vu-iterations', vus: USERS, iterations: 1, maxDuration: '10m' } },
  setupTimeout: '5m',
  thresholds: {
    ...nothingWrong,
    ack_ms: [`p(99)<${numberOf('P99_ACK_MS', 500)}`],
    delivery_ms: [`p(95)<${numberOf('P95_DELIVERY_MS', 500)}`],
  },
}

export function setup() {
  return prepare(USERS, 'Talk')
}

/** @param {Awaited<ReturnType<typeof setup>>} data */
export default async function ({ people, room_id }) {
  const talker = new Talker(personOf(people), room_id)
  await converse(async () => {
    await talker.connect()
    for (let n = 0; n < MESSAGES; n++) {
      talker.send()
      if (n === Math.floor(MESSAGES / 3) || n === Math.floor((2 * MESSAGES) / 3)) {
        talker.drop()
        await pause(EVERY_MS)
        await talker.connect()
      }
      await pause(EVERY_MS * (0.5 + Math.random()))
    }
    await talker.acknowledged()
    await talker.expect(USERS * MESSAGES)
  }, talker)
}
