export { backupEmbedded, renewEmbedded, restoreEmbedded, sampleEmbedded } from './backup.js'
export { openEmbedded } from './embedded.js'
export { openEmbeddedSink, openEmbeddedSource } from './transfer.js'
