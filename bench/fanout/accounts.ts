import type { Seat } from './dialects.js'
import type { Load } from './loads.js'

/** Accounts that share the sockets of each room: a hash of a password costs as much as thousands of deliveries. */
const ACCOUNTS = 10
const PASSWORD = 'correct horse battery'

async function post(base_url: string, path: string, body: object, token?: string) {
  const answer = await fetch(base_url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { id: string; token: string }
}

/** The seats of a load, room by room. @param port of our server, where accounts and rooms are made for them; or null */
export async function takeSeats({ rooms, sockets }: Load, port: number | null): Promise<Seat[][]> {
  const people: { username: string; token?: string }[] = Array.from(
    { length: Math.min(ACCOUNTS, sockets) },
    (_, i) => ({ username: `person-${i}` }),
  )
  // As long as the ids that our server gives.
  const room_ids = Array.from({ length: rooms }, (_, i) => `room-${String(i).padStart(13, '0')}`)
  if (port !== null) {
    const base_url = `http://127.0.0.1:${port}`
    for (const person of people) {
      const { token } = await post(base_url, '/auth/register', { username: person.username, password: PASSWORD })
      person.token = token
    }
    const [owner, ...others] = people
    for (const [i, name] of room_ids.entries()) {
      const { id } = await post(base_url, '/rooms', { name }, owner?.token)
      room_ids[i] = id
      await Promise.all(others.map(({ token }) => post(base_url, `/rooms/${id}/join`, {}, token)))
    }
  }
  return room_ids.map(room_id =>
    Array.from({ length: sockets }, (_, i) => ({ room_id, ...people[i % people.length] }) as Seat),
  )
}
