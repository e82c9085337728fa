import Fastify from 'fastify'
import type { Test } from 'tap'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import { type RedisAddress, readRedisAddress } from '../../plugins/config/redis-address.js'
import { createRedisPubSub } from '../../plugins/pubsub/redis.js'
import { openConnection } from '../../plugins/redis/connection.js'
import { eventually } from './eventually.js'

const { log } = Fastify({ logger: false })

/** A connection to Redis as a server has one, closed after the test. @param env REDIS_ADDR, and what belongs to it */
export async function openRedis(t: Test, env: Environment, use?: Parameters<typeof openConnection>[2]) {
  const config = readConfig({ MONGODB_URI: 'mongodb://unused', ...env })
  const connection = await openConnection(readRedisAddress(config) as RedisAddress, log, use)
  t.teardown(() => connection.close())
  return connection
}

/** A bus with a connection of its own; `up`, unless Redis is down yet; closed after the test. */
export async function openBus(t: Test, address: string | Environment, { isUp = true } = {}) {
  const connection = await openRedis(t, typeof address === 'string' ? { REDIS_ADDR: address } : address)
  if (isUp) await eventually(() => connection.state === 'up')
  const bus = createRedisPubSub(connection)
  t.teardown(() => bus.close())
  return Object.assign(bus, { connection })
}
type Bus = Awaited<ReturnType<typeof openBus>>

export async function listening(bus: Bus, channel: string) {
  const heard: string[] = []
  const end = await bus.subscribe(channel, message => heard.push(Buffer.from(message).toString()))
  return { heard, end }
}
export const say = (bus: Bus, channel: string, text: string) => bus.publish(channel, Buffer.from(text))

/** Publishes until the other bus receives it, which both promise as soon as they are up again. */
export async function reaches(from: Bus, channel: string, heard: string[]) {
  const before = heard.length
  await eventually(() => {
    say(from, channel, 'again')
    return heard.length > before
  })
}
