import { type Test, test } from 'tap'
import type { PubSub } from '../../../plugins/pubsub/pubsub.js'

/**
 * The guarantees of every bus within its process.
 * @param open opens a bus with unused channels, closed after the test
 * @param skip why it cannot run here; false if it can
 */
export function pubsubContract(name: string, open: (t: Test) => Promise<PubSub>, skip: string | false = false) {
  const bytes = (text: string) => Buffer.from(text)

  async function listening(bus: PubSub, channel: string) {
    const heard: string[] = []
    const unsubscribe = await bus.subscribe(channel, message => heard.push(Buffer.from(message).toString()))
    return { heard, unsubscribe }
  }

  test(`${name}: a message reaches all handlers of its channel before publish returns, and no others`, {
    skip,
  }, async t => {
    const bus = await open(t)
    const [a, b, other] = [await listening(bus, 'a'), await listening(bus, 'a'), await listening(bus, 'b')]
    bus.publish('a', bytes('one'))
    bus.publish('a', bytes('two'))
    t.same(a.heard, ['one', 'two'])
    t.same(b.heard, ['one', 'two'])
    t.same(other.heard, [])
  })

  test(`${name}: every byte arrives as it was`, { skip }, async t => {
    const bus = await open(t)
    const heard: Uint8Array[] = []
    await bus.subscribe('a', message => heard.push(message))
    const all = Uint8Array.from({ length: 256 }, (_, value) => value)
    bus.publish('a', all)
    t.same([...(heard[0] as Uint8Array)], [...all])
  })

  test(`${name}: an ended subscription receives nothing more, the others do`, { skip }, async t => {
    const bus = await open(t)
    const [a, b] = [await listening(bus, 'a'), await listening(bus, 'a')]
    a.unsubscribe()
    a.unsubscribe()
    bus.publish('a', bytes('one'))
    t.same(a.heard, [])
    t.same(b.heard, ['one'])
    b.unsubscribe()
    bus.publish('a', bytes('two'))
    t.same(b.heard, ['one'])
    const again = await listening(bus, 'a')
    bus.publish('a', bytes('three'))
    t.same(again.heard, ['three'])
  })

  test(`${name}: a handler may subscribe, publish and end subscriptions`, { skip }, async t => {
    const bus = await open(t)
    const late = await listening(bus, 'late')
    const unsubscribe = await bus.subscribe('a', () => {
      unsubscribe()
      bus.publish('late', bytes('from a handler'))
    })
    bus.publish('a', bytes('one'))
    bus.publish('a', bytes('two'))
    t.same(late.heard, ['from a handler'])
  })

  test(`${name}: a handler that subscribes twice receives each message twice, until one subscription ends`, {
    skip,
  }, async t => {
    const bus = await open(t)
    let heard = 0
    const handler = () => {
      heard++
    }
    const [first] = [await bus.subscribe('a', handler), await bus.subscribe('a', handler)]
    bus.publish('a', bytes('one'))
    t.equal(heard, 2)
    first()
    bus.publish('a', bytes('two'))
    t.equal(heard, 3)
  })

  test(`${name}: many channels may be subscribed to at once, and one that was ended receives nothing`, {
    skip,
  }, async t => {
    const bus = await open(t)
    const names = Array.from({ length: 200 }, (_, index) => `channel-${index}`)
    const all = await Promise.all(names.map(channel => listening(bus, channel)))
    all[0]?.unsubscribe()
    for (const channel of names) bus.publish(channel, bytes(channel))
    t.same(all[0]?.heard, [])
    t.same(
      all.slice(1).map(({ heard }) => heard),
      names.slice(1).map(channel => [channel]),
    )
  })

  test(`${name}: after close no handler receives anything`, { skip }, async t => {
    const bus = await open(t)
    const { heard } = await listening(bus, 'a')
    await bus.close()
    bus.publish('a', bytes('one'))
    t.same(heard, [])
    await t.resolves(bus.close(), 'closing twice is not an error')
  })

  test(`${name}: publishing without subscribers, or after close, is not an error`, { skip }, async t => {
    const bus = await open(t)
    bus.publish('nobody', bytes('one'))
    await bus.close()
    bus.publish('nobody', bytes('two'))
    t.ok(bus.description)
  })
}
