import type { MongoClient } from 'mongodb'
import type { StoreConnections, StoreObserver } from '../store.js'

export type Watch = ReturnType<typeof watchClient>

/** Measures the commands and the connection pool of a client that has not connected yet and monitors its commands. */
export function watchClient(client: MongoClient) {
  let observer: StoreObserver | undefined
  const connections: StoreConnections = { open: 0, in_use: 0, waiting: 0 }
  client
    .on('commandSucceeded', ({ commandName, duration }) => observer?.answered(commandName, duration, true))
    .on('commandFailed', ({ commandName, duration }) => observer?.answered(commandName, duration, false))
    .on('connectionCreated', () => connections.open++)
    .on('connectionClosed', () => connections.open--)
    .on('connectionCheckOutStarted', () => connections.waiting++)
    .on('connectionCheckOutFailed', () => connections.waiting--)
    .on('connectionCheckedOut', () => {
      connections.waiting--
      connections.in_use++
    })
    .on('connectionCheckedIn', () => connections.in_use--)
  return {
    connections,
    observe(by: StoreObserver) {
      observer = by
    },
  }
}
