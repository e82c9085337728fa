import { createMemoryPubSub } from '../../../plugins/pubsub/memory.js'
import { pubsubContract } from './contract.js'

pubsubContract('memory', async () => createMemoryPubSub())
