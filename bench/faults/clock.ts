/** Loaded into a server: its clock goes ahead of the real one by the ms in CLOCK_FILE, which may change at any time. */
import { readFileSync } from 'node:fs'

const LOOK_MS = 50

const file = process.env.CLOCK_FILE as string
const Real = Date
let offset = 0

function look() {
  const read = Number(readFileSync(file, 'utf8'))
  if (Number.isFinite(read)) offset = read
}

class Stepping extends Real {
  constructor(...args: []) {
    if (args.length === 0) super(Real.now() + offset)
    else super(...args)
  }
  static override now = () => Real.now() + offset
}

look()
setInterval(look, LOOK_MS).unref()
globalThis.Date = Stepping as DateConstructor
