import root, { type Test, test } from 'tap'
import { listening, openBus, reaches, say } from '../../support/bus.js'
import { eventually } from '../../support/eventually.js'
import { type RedisServers, redisMissing, startRedis } from '../../support/redis.js'
import { deployments } from '../../support/redis-deployments.js'
import { pubsubContract } from './contract.js'

const given = process.env.REDIS_ADDR
if (given) pubsubContract(`redis at ${given}`, t => openBus(t, given))

for (const { name, skip, start } of deployments) {
  // Some take seconds to start, so all tests of the contract share one.
  let shared: Promise<RedisServers> | undefined
  const open = async (t: Test) => {
    shared ??= start(root)
    return openBus(t, (await shared).env)
  }
  pubsubContract(name, open, skip)

  test(`${name}: each server receives messages of every server once, including its own`, { skip }, async t => {
    const { env } = await start(t)
    const [a, b] = [await openBus(t, env), await openBus(t, env)]
    const [atA, atB] = [await listening(a, 'room'), await listening(b, 'room')]
    await reaches(a, 'room', atB.heard)
    await reaches(b, 'room', atA.heard)
    for (let n = 0; n < 100; n++) say(a, 'room', `a${n}`)
    say(b, 'room', 'end')
    await eventually(() => atA.heard.includes('end') && atB.heard.includes('a99'))
    const said = Array.from({ length: 100 }, (_, n) => `a${n}`)
    t.same(
      atA.heard.filter(text => text.startsWith('a') && text !== 'again'),
      said,
    )
    t.same(
      atB.heard.filter(text => text.startsWith('a') && text !== 'again'),
      said,
    )
  })

  test(`${name}: only channels with handlers are subscribed`, { skip }, async t => {
    const redis = await start(t)
    const bus = await openBus(t, redis.env)
    const pattern = name !== 'redis cluster' ? 'CHANNELS' : 'SHARDCHANNELS'
    const channels = async () => {
      const lists = await Promise.all(redis.nodes.map(node => node.admin().call('PUBSUB', pattern, 'room*')))
      return (lists as string[][]).flat().sort()
    }
    const [one, two] = [await listening(bus, 'room1'), await listening(bus, 'room1')]
    await listening(bus, 'room2')
    await eventually(async () => (await channels()).join() === 'room1,room2')
    one.end()
    await reaches(await openBus(t, redis.env), 'room1', two.heard)
    t.same(await channels(), ['room1', 'room2'])
    two.end()
    await eventually(async () => (await channels()).join() === 'room2')
  })

  test(`${name}: subscriptions are restored after Redis was killed and restarted`, { skip }, async t => {
    const redis = await start(t)
    const [a, b] = [await openBus(t, redis.env), await openBus(t, redis.env)]
    const { heard } = await listening(b, 'room')
    await eventually(() => a.state === 'up' && b.state === 'up')
    await redis.kill()
    await eventually(() => a.state === 'down' && b.state === 'down')
    say(a, 'room', 'lost')
    const late = await listening(b, 'subscribed while it was down')
    t.same(heard, [], 'messages published without Redis are not delivered later')
    await redis.start()
    await eventually(() => a.state === 'up' && b.state === 'up')
    await reaches(a, 'room', heard)
    await reaches(a, 'subscribed while it was down', late.heard)
    t.notOk(heard.includes('lost'))
  })
}

test('redis: every byte value passes between servers unchanged', { skip: redisMissing }, async t => {
  const { env } = await startRedis(t)
  const [a, b] = [await openBus(t, env), await openBus(t, env)]
  const heard: Uint8Array[] = []
  await b.subscribe('방', message => heard.push(message))
  const { heard: first } = await listening(b, '방')
  await reaches(a, '방', first)
  a.publish(
    '방',
    Uint8Array.from({ length: 256 }, (_, value) => value),
  )
  const whole = () => heard.find(({ length }) => length === 256)
  await eventually(() => whole() !== undefined)
  t.same(
    [...(whole() as Uint8Array)],
    Array.from({ length: 256 }, (_, value) => value),
  )
})
