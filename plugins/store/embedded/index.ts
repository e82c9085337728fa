export { backupEmbedded, renewEmbedded, restoreEmbedded, sampleEmbedded } from './backup.js'
export { openEmbedded } from './embedded.js'
export { holdsStore } from './folder.js'
export { openEmbeddedSink, openEmbeddedSource } from './transfer.js'
