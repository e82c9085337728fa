import { converse, nothingWrong, numberOf, pause, personOf, prepare, readBack } from './talk.js'
import { Talker } from './talker.js'

/**
 * A burst: USERS (50) users in one room send MESSAGES (10) each at the same moment, and each must receive all of them
 * once, in the same order. Repeated every EVERY_MS (20000), ROUNDS (1) times in total, over the same sockets; servers
 * may be restarted in the meantime.
 */
const USERS = numberOf('USERS', 50)
const MESSAGES = numberOf('MESSAGES', 10)
const ROUNDS = numberOf('ROUNDS', 1)
const EVERY_MS = numberOf('EVERY_MS', 20_000)
/** Time for all users to connect before the burst starts. */
const GATHER_MS = numberOf('GATHER_MS', 5000)

export const options = {
  scenarios: {
    burst: {
      executor: 'per-vu-iterations',
      vus: USERS,
      iterations: 1,
      maxDuration: `${300 + Math.ceil((ROUNDS * EVERY_MS) / 1000)}s`,
    },
  },
  setupTimeout: '5m',
  teardownTimeout: '5m',
  thresholds: {
    ...nothingWrong,
    ack_ms: [`p(99)<${numberOf('P99_ACK_MS', 1000)}`],
    delivery_ms: [`p(99)<${numberOf('P99_DELIVERY_MS', 1500)}`],
  },
}

export async function setup() {
  return { ...(await prepare(USERS, 'Burst')), starts_at: Date.now() + GATHER_MS }
}

/** @param {Awaited<ReturnType<typeof setup>>} data */
export default async function ({ people, room_id, starts_at }) {
  const talker = new Talker(personOf(people), room_id)
  await converse(async () => {
    await talker.connect()
    for (let round = 0; round < ROUNDS; round++) {
      await pause(Math.max(0, starts_at + round * EVERY_MS - Date.now()))
      for (let n = 0; n < MESSAGES; n++) talker.send()
      await talker.acknowledged()
    }
    await talker.expect(USERS * MESSAGES * ROUNDS)
  }, talker)
}

/** @param {Awaited<ReturnType<typeof setup>>} data */
export async function teardown({ people, room_id }) {
  await readBack(people, room_id, MESSAGES * ROUNDS)
}
