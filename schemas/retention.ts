import { Type } from '@sinclair/typebox'
import { limits } from './wire.js'

/** For how long, and how many, messages a room keeps. */
export const Retention = {
  retention_h: Type.Integer({
    minimum: 0,
    maximum: limits.RETENTION_H_MAX,
    description: 'Messages older than so many hours are erased; 0 means never. The server may erase them earlier',
    examples: [0],
  }),
  retention_count: Type.Integer({
    minimum: 0,
    maximum: limits.RETENTION_COUNT_MAX,
    description: 'Older messages than the newest so many are erased; 0 means none. The server may keep fewer',
    examples: [0],
  }),
}

/** Nothing up to it is shown any more; the texts are emptied in steps after the event. */
export const EmptiedSeq = Type.Integer({
  description: 'Messages up to this `seq` were erased because of their age or number; 0 if none',
  examples: [0],
})
