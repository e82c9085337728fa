import Fastify from 'fastify'
import type { Test } from 'tap'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import { type RedisAddress, readRedisAddress } from '../../plugins/config/redis-address.js'
import { createRedisPubSub } from '../../plugins/pubsub/redis.js'
import { openConnection } from '../../plugins/redis/connection.js'
import { eventually } from './eventually.js'

const { log } = Fastify({ logger: false })

/** A server's connection to Redis, closed after the test. @param env REDIS_ADDR and related variables */
export async function openRedis(t: Test, env: Environment, use?: Parameters<typeof openConnection>[2]) {
  const config = readConfig({ MONGODB_URI: 'mongodb://unused', ...env })
  const connection = await openConnection(readRedisAddress(config) as RedisAddress, log, use)
  t.teardown(() => connection.close())
  return connection
}

/** A bus with its own connection, closed after the test. Waits until it is `up`, unless `isUp` is false. */
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

/** Publishes until the other bus receives it, which happens as soon as both are up. */
export async function reaches(from: Bus, channel: string, heard: string[]) {
  const before = heard.length
  await eventually(() => {
    say(from, channel, 'again')
    return heard.length > before
  })
}
