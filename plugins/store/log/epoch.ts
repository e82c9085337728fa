import { randomBytes } from 'node:crypto'

/** A random epoch for a new store, unique to it. */
export const newEpoch = () => randomBytes(12).toString('base64url')
