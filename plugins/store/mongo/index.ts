export { connectOptions, mongoClient } from './connection.js'
export { renewMongo, sampleMongo } from './inspect.js'
export { openMongo } from './mongo.js'
export { openMongoSink, openMongoSource, releaseMongo } from './transfer.js'
