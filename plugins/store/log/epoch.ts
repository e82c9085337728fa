import { randomBytes } from 'node:crypto'

/** A store's epoch: random, so that no two stores have the same. */
export const newEpoch = () => randomBytes(12).toString('base64url')
