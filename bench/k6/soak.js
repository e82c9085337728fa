import { converse, nothingWrong, numberOf, pause, personOf, prepare } from './talk.js'
import { Talker } from './talker.js'

/**
 * A soak test: USERS (50) users in one room for DURATION (30m). In each round a user connects, catches up, sends
 * MESSAGES (10), one every EVERY_MS (1000), and disconnects for a while; missed messages must then arrive, once.
 */
const USERS = numberOf('USERS', 50)
const MESSAGES = numberOf('MESSAGES', 10)
const EVERY_MS = numberOf('EVERY_MS', 1000)

export const options = {
  scenarios: {
    soak: { executor: 'constant-vus', vus: USERS, duration: __ENV.DURATION || '30m', gracefulStop: '2m' },
  },
  setupTimeout: '5m',
  thresholds: {
    ...nothingWrong,
    ack_ms: [`p(99)<${numberOf('P99_ACK_MS', 500)}`],
    http_req_failed: ['rate==0'],
  },
}

export function setup() {
  return prepare(USERS, 'Soak')
}

/** A VU is one user, whose state is kept between rounds. @type {Talker | undefined} */
let talker

/** @param {Awaited<ReturnType<typeof setup>>} data */
export default async function ({ people, room_id }) {
  talker ??= new Talker(personOf(people), room_id)
  const me = talker
  await converse(async () => {
    await me.connect()
    for (let n = 0; n < MESSAGES; n++) {
      me.send()
      await pause(EVERY_MS * (0.5 + Math.random()))
    }
    await me.acknowledged()
    await me.expectOwn()
    me.drop()
    // Short enough to miss fewer than 1,000 events, which a resume can replay.
    await pause(Math.random() * Math.min(5000, (500 * EVERY_MS) / USERS))
  }, me)
}
