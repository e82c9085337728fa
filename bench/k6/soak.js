import { converse, nothingWrong, numberOf, pause, personOf, prepare } from './talk.js'
import { Talker } from './talker.js'

/**
 * A long day: USERS (50) people in one room for DURATION (30m). Each round of one of them is to come, to catch up, to
 * say MESSAGES (10), one every EVERY_MS (1000), and to go away for a while; what was missed meanwhile must come, once.
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

/** A VU is one person: what it saw is kept from round to round. @type {Talker | undefined} */
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
    // Less than a resume brings: 1,000 events.
    await pause(Math.random() * Math.min(5000, (500 * EVERY_MS) / USERS))
  }, me)
}
