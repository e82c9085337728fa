import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import * as ws from 'ws'
import { framedLength, frameText } from '../../../plugins/ws/framing.js'

/** Exported by the package, but missing in its types. */
const { Sender } = ws as unknown as {
  Sender: { frame(data: Buffer, options: object): Buffer[] }
}

test('a frame equals the one that ws would send, at every length at which the header changes', async t => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    const payload = randomBytes(length)
    const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }
    const expected = Buffer.concat(Sender.frame(payload, options))
    t.ok(frameText(payload).equals(expected), `${length} bytes`)
    t.equal(framedLength(length), expected.length)
  }
})
