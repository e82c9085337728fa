import { events, message, type Promises, search, upTo } from './support.js'

/** Search terms, an index of the log. */
export function searchContract({ promise }: Promises) {
  promise('search finds whole words, and parts of Korean, Chinese and Japanese ones', async (t, store) => {
    const said = [
      'Hello, World!',
      '안녕하세요 여러분',
      '東京都庁で会議',
      'hello 회의실',
      'other words',
      '요약',
      '오늘 🔥 배포',
      'ฉันชอบกินข้าวเช้า',
      'İstanbul, Straße',
    ]
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        said.map(text => message(text)),
      ),
    )
    await store.append('other', 0, events('other', 0, [message('hello')]))
    const find = async (query: string) => (await search(store, 'r', query)).seqs
    t.strictSame(await find('HELLO'), [4, 1])
    t.strictSame(await find('hello world'), [1])
    t.strictSame(await find('hell'), [])
    t.strictSame(await find('안녕'), [2])
    t.strictSame(await find('하세요'), [2])
    t.strictSame(await find('요'), [6, 2])
    t.strictSame(await find('京都'), [3])
    t.strictSame(await find('会議'), [3])
    t.strictSame(await find('회의 hello'), [4])
    t.strictSame(await find('🔥'), [7])
    t.strictSame(await find('ข้าว'), [8])
    t.strictSame(await find('istanbul strasse'), [9])
    t.strictSame(await find('nothing'), [])
    t.strictSame((await search(store, 'nowhere', 'hello')).seqs, [])
  })

  promise('search reflects every send, edit and deletion before it', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('red'), message('red')]))
    t.strictSame((await search(store, 'r', 'red')).seqs, [2, 1])
    await store.append('r', 2, events('r', 2, [{ type: 'edited', target: 1, text: 'blue' }]))
    t.strictSame((await search(store, 'r', 'blue')).seqs, [1], 'an edit is found as its message')
    await store.append('r', 3, events('r', 3, [{ type: 'deleted', target: 1 }, message('blue')]))
    t.strictSame((await search(store, 'r', 'blue')).seqs, [5])
    t.strictSame((await search(store, 'r', 'red')).seqs, [2])
  })

  promise('search pages down from `before` and reports when nothing is left', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(9).map(i => message(i % 2 ? 'odd number' : 'even number')),
      ),
    )
    const found: number[] = []
    let before: number | null = Number.MAX_SAFE_INTEGER
    for (let calls = 0; before !== null && calls < 10; calls++) {
      const result = await store.searchTerms('r', ['odd'], { before, limit: 2 })
      t.ok(result.seqs.length <= 2)
      found.push(...result.seqs)
      before = result.next_before
    }
    t.equal(before, null)
    t.strictSame(found, [9, 7, 5, 3, 1])
    t.strictSame((await store.searchTerms('r', ['odd', 'even'], { before: 9, limit: 2 })).seqs, [])
    t.strictSame((await store.searchTerms('r', ['number', 'even'], { before: 8, limit: 2 })).seqs, [6, 4])
  })

  promise('a query with many terms is answered', async (t, store) => {
    const text = upTo(100)
      .map(i => String.fromCodePoint(0xac00 + i * 7))
      .join('')
    await store.append('r', 0, events('r', 0, [message(text), message('가나')]))
    t.strictSame((await search(store, 'r', text)).seqs, [1])
  })
}
