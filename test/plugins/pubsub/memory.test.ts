import { createMemoryPubSub } from '../../../plugins/pubsub/memory.js'
import { pubsubContract } from './contract.js'

pubsubContract('memory', async t => {
  const bus = createMemoryPubSub()
  t.teardown(() => bus.close())
  return bus
})
