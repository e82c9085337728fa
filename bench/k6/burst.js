import { converse, nothingWrong, numberOf, pause, personOf, prepare, Talker } from './talk.js'

/**
 * Everybody speaks at once: USERS (50) people in one room send MESSAGES (10) each in the same moment, and each must get
 * all of them, once, in one order.
 */
const USERS = numberOf('USERS', 50)
const MESSAGES = numberOf('MESSAGES', 10)
/** How long everybody has to be there before it begins. */
const GATHER_MS = numberOf('GATHER_MS', 5000)

export const options = {
  scenarios: { burst: { executor: 'per-vu-iterations', vus: USERS, iterations: 1, maxDuration: '5m' } },
  setupTimeout: '5m',
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
    await pause(Math.max(0, starts_at - Date.now()))
    await Promise.all(Array.from({ length: MESSAGES }, () => talker.send()))
    await talker.expect(USERS * MESSAGES)
  }, talker)
}
