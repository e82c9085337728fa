import type { Writable } from 'node:stream'
import * as ws from 'ws'

interface Receiver extends Writable {
  _errored: boolean
}
const receiver = (ws as unknown as { Receiver: { prototype: Receiver } }).Receiver.prototype

/**
 * Lets the parser of ws drop what it was given behind a broken frame. Without synchronous events it may already hold more
 * of a connection's bytes. ws 8.23 goes on parsing these in the state in which the frame left it, and throws where nobody
 * can catch it: any user could end the process. Called once per process; a further call changes nothing.
 */
export function stopAfterBrokenFrames() {
  const { _write } = receiver
  if (_write.name === 'writeUnlessBroken') return
  receiver._write = function writeUnlessBroken(
    this: Receiver,
    ...[chunk, encoding, done]: Parameters<Writable['_write']>
  ) {
    if (this._errored) done()
    else _write.call(this, chunk, encoding, done)
  }
}
