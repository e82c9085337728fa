import { AUTHOR_SPAN, type AuthorResult, BATCH_MAX } from '../../../../plugins/store/store.js'
import { events, message, type Part, type Promises, search, seqs, texts, upTo } from './support.js'

/** Reading messages as they are now. */
export function readingContract({ promise }: Promises) {
  promise('a deleted message and its edits read empty, and no others do', async (t, store) => {
    await store.append(
      'r',
      0,
      events('r', 0, [
        message('secret'),
        message('stays'),
        { type: 'edited', target: 1, text: 'secret two' },
        { type: 'edited', target: 2, text: 'stays two' },
        { type: 'edited', target: 1, text: 'secret three' },
      ]),
    )
    await store.append('r', 5, events('r', 5, [{ type: 'deleted', target: 1 }]))
    const log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(texts(log), ['', 'stays', '', 'stays two', '', undefined])
    t.strictSame(seqs(log), [1, 2, 3, 4, 5, 6])
    t.strictSame(
      texts(await store.readEvents('r', { after: 2, upto: 3, limit: 10 })),
      [''],
      'also without its deletion',
    )
    const bare = await store.readEvents('r', { after: 0, limit: 10, texts: false })
    t.strictSame(
      bare.map(({ text: _, ...event }) => event),
      log.map(({ text: _, ...event }) => event),
      'without texts the rest is the same',
    )
    t.notOk(bare.some(({ text }) => text?.includes('secret')))
    t.strictSame((await search(store, 'r', 'secret')).seqs, [])
    t.strictSame((await search(store, 'r', 'stays')).seqs, [2])
  })

  promise('a message deleted in the batch that sent it reads empty', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('secret'), { type: 'deleted', target: 1 }, message('after')]))
    t.strictSame(texts(await store.readEvents('r', { after: 0, limit: 10 })), ['', undefined, 'after'])
    t.strictSame((await search(store, 'r', 'secret')).seqs, [])
    t.strictSame((await search(store, 'r', 'after')).seqs, [3])
  })

  promise('a message is read with the newest event about it and the number of its edits', async (t, store) => {
    const log = events('r', 0, [
      message('one'),
      message('two'),
      message('three'),
      { type: 'joined', member: 'bob' },
      { type: 'edited', target: 1, text: 'one b' },
      { type: 'edited', target: 2, text: 'two b' },
      { type: 'edited', target: 1, text: 'one c' },
      { type: 'deleted', target: 2 },
    ])
    await store.append('r', 0, log)
    const targets = await store.readTargets('r', [3, 2, 1, 4, 5, 99, 1])
    t.strictSame(
      targets.map(({ message, newest, edits }) => [message.seq, newest?.seq ?? null, edits]),
      [
        [1, 7, 2],
        [2, 8, 1],
        [3, null, 0],
      ],
      'messages only, ascending, each once',
    )
    t.strictSame(targets[0], { message: log[0], newest: log[6], edits: 2 })
    t.strictSame(targets[2]?.newest, null)
    t.strictSame(await store.readTargets('r', []), [])
    t.strictSame(await store.readTargets('other', [1]), [])
  })

  promise(
    'the edits of a message are read in order, page by page, and without texts once it is deleted',
    async (t, store) => {
      const log = events('r', 0, [
        message('one'),
        message('two'),
        { type: 'edited', target: 1, text: 'one b' },
        { type: 'edited', target: 2, text: 'two b' },
        { type: 'edited', target: 1, text: 'one c' },
      ])
      await store.append('r', 0, log)
      t.strictSame(await store.readEdits('r', 1, { after: 0, limit: 10 }), [log[2], log[4]])
      t.strictSame(await store.readEdits('r', 1, { after: 0, limit: 1 }), [log[2]])
      t.strictSame(await store.readEdits('r', 1, { after: 3, limit: 10 }), [log[4]])
      t.strictSame(await store.readEdits('other', 1, { after: 0, limit: 10 }), [])
      await store.append('r', 5, events('r', 5, [{ type: 'deleted', target: 1 }]))
      const gone = await store.readEdits('r', 1, { after: 0, limit: 10 })
      t.strictSame(
        gone.map(({ seq, text }) => [seq, text]),
        [
          [3, ''],
          [5, ''],
        ],
      )
    },
  )

  promise('a page holds messages only, in ascending order, from either end', async (t, store) => {
    const parts = upTo(10).map((i): Part => (i % 3 === 0 ? { type: 'joined', member: `m${i}` } : message(`${i}`)))
    const log = events('r', 0, [...parts, { type: 'edited', target: 10, text: 'edited' }])
    await store.append('r', 0, log)
    const page = async (query: { before?: number; after?: number; limit: number }) =>
      (await store.readPage('r', query)).map(({ message }) => message.seq)
    t.strictSame(await page({ limit: 100 }), [1, 2, 4, 5, 7, 8, 10])
    t.strictSame(await page({ limit: 3 }), [7, 8, 10])
    t.strictSame(await page({ limit: 3, before: 7 }), [2, 4, 5])
    t.strictSame(await page({ limit: 3, before: 1 }), [])
    t.strictSame(await page({ limit: 3, after: 0 }), [1, 2, 4])
    t.strictSame(await page({ limit: 3, after: 8 }), [10])
    t.strictSame(await page({ limit: 3, after: 10 }), [])
    t.strictSame(await store.readPage('nowhere', { limit: 3 }), [])
    t.strictSame(await store.readPage('r', { limit: 2 }), [
      { message: log[7], newest: null },
      { message: log[9], newest: log[10] },
    ])
  })

  promise(
    'the messages of one author are found, deleted ones too, however many events lie between them',
    async (t, store) => {
      const parts = Array.from({ length: AUTHOR_SPAN + 10 }, (_, n) =>
        message(`${n}`, { username: n % (AUTHOR_SPAN / 2) === 0 ? 'Bob' : 'ann' }),
      )
      for (let after = 0; after < parts.length; after += BATCH_MAX) {
        await store.append('r', after, events('r', 0, parts).slice(after, after + BATCH_MAX))
      }
      const head = parts.length
      await store.append('r', head, events('r', head, [{ type: 'deleted', username: 'Bob', target: 1 }]))
      const found: number[] = []
      let reads = 0
      for (let after: number | null = 0; after !== null; reads++) {
        const page: AuthorResult = await store.findByAuthor('r', 'BOB', { after, limit: 2 })
        t.ok(page.seqs.length <= 2)
        found.push(...page.seqs)
        after = page.next_after
      }
      t.strictSame(found, [1, 1 + AUTHOR_SPAN / 2, 1 + AUTHOR_SPAN])
      t.ok(reads <= 4)
      t.match(await store.findByAuthor('r', 'cho', { after: head, limit: 2 }), { seqs: [], next_after: null })
      t.match(await store.findByAuthor('none', 'bob', { after: 0, limit: 2 }), { seqs: [], next_after: null })
    },
  )

  promise('unread messages are those of others after the mark that are not deleted', async (t, store) => {
    await store.append(
      'r',
      0,
      events('r', 0, [
        message('1', { username: 'Bob' }),
        message('2', { username: 'ann' }),
        { type: 'joined', member: 'cho', username: 'cho' },
        message('4', { username: 'cho' }),
        message('5', { username: 'cho' }),
        { type: 'edited', username: 'cho', target: 5, text: '5b' },
        message('7', { username: 'cho' }),
        { type: 'deleted', username: 'cho', target: 7 },
      ]),
    )
    const count = (username: string, after: number, max = 1000) => store.countUnread('r', username, after, max)
    t.equal(await count('ann', 0), 3)
    t.equal(await count('BOB', 0), 3)
    t.equal(await count('cho', 0), 2)
    t.equal(await count('dan', 0), 4)
    t.equal(await count('dan', 4), 1)
    t.equal(await count('dan', 0, 2), 2, 'counted up to max')
    t.equal(await count('dan', 8), 0)
    t.equal(await store.countUnread('nowhere', 'dan', 0, 10), 0)
  })
}
