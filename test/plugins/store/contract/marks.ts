import type { Promises } from './support.js'

/** Read marks. */
export function marksContract({ promise }: Promises) {
  promise('marks never move back', async (t, store) => {
    t.equal(await store.readMark('ann', 'r'), 0)
    t.equal(await store.moveMark('Ann', 'r', 5), 5)
    t.equal(await store.moveMark('ann', 'r', 3), 5)
    t.equal(await store.moveMark('ANN', 'r', 6), 6)
    t.equal(await store.readMark('ann', 's'), 0)
    const moves = await Promise.all([9, 7, 12, 8].map(async seq => (await store.moveMark('ann', 'r', seq)) >= seq))
    t.strictSame(moves, [true, true, true, true])
    t.equal(await store.readMark('ann', 'r'), 12)
    await store.moveMark('bob', 'r', 4)
    await store.moveMark('bob', 's', 9)
    t.strictSame(await store.readMarks('r', ['bob', 'cho', 'ANN']), [4, 0, 12])
    t.strictSame(await store.readMarks('r', []), [])
  })
}
