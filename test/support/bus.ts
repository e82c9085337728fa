import Fastify from 'fastify'
import type { Test } from 'tap'
import { createRedisPubSub } from '../../plugins/pubsub/redis.js'
import { openLink } from '../../plugins/redis/link.js'
import { eventually } from './eventually.js'

const { log } = Fastify({ logger: false })

/** A bus of its own link, as a server has; up, unless Redis is not there yet; closed after the test. */
export async function openBus(t: Test, address: string, { isThere = true } = {}) {
  const [host, port] = address.split(':') as [string, string]
  const link = await openLink({ host, port: Number(port), db: 0 }, log)
  if (isThere) await eventually(() => link.state === 'up')
  const bus = createRedisPubSub(link)
  t.teardown(async () => {
    await bus.close()
    await link.close()
  })
  return Object.assign(bus, { ask: link.ask })
}
type Bus = Awaited<ReturnType<typeof openBus>>

export async function listening(bus: Bus, channel: string) {
  const heard: string[] = []
  const end = await bus.subscribe(channel, message => heard.push(Buffer.from(message).toString()))
  return { heard, end }
}
export const say = (bus: Bus, channel: string, text: string) => bus.publish(channel, Buffer.from(text))

/** Publishes until the other side hears: what both promise once they are up again. */
export async function reaches(from: Bus, channel: string, heard: string[]) {
  const before = heard.length
  await eventually(() => {
    say(from, channel, 'again')
    return heard.length > before
  })
}
