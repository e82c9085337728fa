import { check } from 'k6'
import { call, converse, counts, nothingWrong, numberOf, personOf, prepare } from './talk.js'

/**
 * Exercises the HTTP API without sockets: USERS (10) users send, retry, read, edit, reply, search and delete in a loop
 * for DURATION (30s).
 */
const USERS = numberOf('USERS', 10)

export const options = {
  scenarios: { api: { executor: 'constant-vus', vus: USERS, duration: __ENV.DURATION || '30s' } },
  setupTimeout: '5m',
  thresholds: {
    ...nothingWrong,
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    http_req_duration: [`p(99)<${numberOf('P99_HTTP_MS', 500)}`],
  },
}

export function setup() {
  return prepare(USERS, 'API')
}

/** @param {Awaited<ReturnType<typeof setup>>} data */
export default async function ({ people, room_id }) {
  const { token, username } = personOf(people)
  await converse(async () => {
    const messages = `/rooms/${room_id}/messages`
    const word = `w${Math.floor(Math.random() * 36 ** 8).toString(36)}`
    const sending = { client_id: `${username}:${word}`, text: `안녕하세요 ${word}` }

    const first = await call('POST', messages, token, sending)
    const again = await call('POST', messages, token, sending)
    check(null, { 'a retried message is created once': () => first.status === 201 && again.status === 200 })
    if (again.body.id !== first.body.id) counts.doubled.add(1)

    const id = first.body.id
    const page = (await call('GET', `${messages}?after=${id - 1}&limit=100`, token)).body
    const found = page.messages.filter((/** @type {any} */ message) => message.client_id === sending.client_id)
    if (found.length === 0) counts.lost.add(1)
    if (found.length > 1) counts.doubled.add(1)
    const ids = page.messages.map((/** @type {any} */ message) => message.id)
    if (ids.some((/** @type {number} */ one, /** @type {number} */ at) => at > 0 && one <= ids[at - 1]))
      counts.unordered.add(1)

    const reply = await call('POST', `${messages}/${id}/reply`, token, { text: 'agreed' })
    const edited = await call('PUT', `${messages}/${id}`, token, { text: `${sending.text}!` })
    const search = (await call('GET', `${messages}/search?q=${word}`, token)).body
    check(null, {
      'a reply refers to its message': () => reply.body.reply_to === id,
      'an edit changes the text': () => edited.body.text === `${sending.text}!`,
      'a search finds it': () => search.messages.length === 1 && search.messages[0].id === id,
    })
    await call('PUT', `/rooms/${room_id}/read`, token, { seq: reply.body.id })
    await call('DELETE', `${messages}/${id}`, token)
    const after = (await call('GET', `${messages}?after=${id - 1}&limit=1`, token)).body
    check(null, { 'a deleted message is empty': () => after.messages[0].text === '' })
    await call('GET', '/rooms?limit=10', token)
    await call('GET', '/auth/me', token)
  })
}
