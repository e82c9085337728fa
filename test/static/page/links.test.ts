import { test } from 'tap'
import { linksIn } from '../../../static/page/text/links.js'

const hrefs = (text: string) => linksIn(text).map(({ href }) => href)

test('http and https URLs are links, other schemes are not', async t => {
  t.strictSame(hrefs('see http://a.example and https://b.example:8080/x?y=1#z'), [
    'http://a.example/',
    'https://b.example:8080/x?y=1#z',
  ])
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.example',
    'xhttps://a.example',
    'https://',
    'http://a:999999/',
  ]) {
    t.strictSame(hrefs(text), [], text)
  }
})

test('punctuation around a URL is not part of it', async t => {
  t.strictSame(hrefs('https://naver.com에서 (https://a.example/b), “https://c.example/d.”'), [
    'https://naver.com/',
    'https://a.example/b',
    'https://c.example/d',
  ])
  t.strictSame(hrefs('https://ko.wikipedia.org/wiki/한국_(나라).'), [
    `https://ko.wikipedia.org/wiki/${encodeURIComponent('한국')}_(${encodeURIComponent('나라')})`,
  ])
})

test('hosts in Hangul are links to exactly that host, and a particle behind a host is not part of it', async t => {
  const cases: [text: string, ...hrefs: string[]][] = [
    ['http://www.한글.kr/문서', 'http://www.xn--bj0bj06e.kr/%EB%AC%B8%EC%84%9C'],
    ['https://naver.한국', 'https://naver.xn--3e0b707e/'],
    ['https://naver.한국에서 봤어요', 'https://naver.xn--3e0b707e/'],
    ['https://日本.jp/x', 'https://xn--wgv71a.jp/x'],
    ['https://example.com을', 'https://example.com/'],
    ['주소는https://example.com이에요', 'https://example.com/'],
    ['http://localhost:3000에서', 'http://localhost:3000/'],
    // Where the host ends cannot be known: no link is better than one to another host.
    ['https://example.com.그래서'],
    ['https://한국'],
    ['https://minji@evil.example/'],
    ['https://minji:secret@evil.example/'],
    ['https://a-.example'],
    ['https://a.example%2eevil.example'],
  ]
  for (const [text, ...expected] of cases) t.strictSame(hrefs(text), expected, text)
  t.strictSame(hrefs('https://my_host.example/a_b'), ['https://my_host.example/a_b'])
})

test('addresses that begin with www., and mail addresses, are links; numbers are not', async t => {
  const cases: [text: string, ...hrefs: string[]][] = [
    ['www.example.com', 'https://www.example.com/'],
    ['(www.한글.kr/문서)', 'https://www.xn--bj0bj06e.kr/%EB%AC%B8%EC%84%9C'],
    ['minji@example.com에 보내요', 'mailto:minji@example.com'],
    ['minji.kim+talk@회사.한국으로', 'mailto:minji.kim+talk@xn--vf4b131b.xn--3e0b707e'],
    ['we’re #1'],
    ['www.'],
    ['a.www.example.com'],
    ['@minji'],
    ['minji@localhost'],
  ]
  for (const [text, ...expected] of cases) t.strictSame(hrefs(text), expected, text)
})

test('no text takes long', async t => {
  for (const piece of ['a.', 'https://', 'www.', 'a-', 'a@', '가-', '+', 'https://a.', `${'a'.repeat(60)}@`]) {
    const text = piece.repeat(2000 / piece.length)
    const started = performance.now()
    linksIn(text)
    t.ok(performance.now() - started < 500, piece)
  }
})

test('an address ends before brackets, marks and particles behind it', async t => {
  for (const [text, ...expected] of [
    ['https://e.kr/docs（설명）', 'https://e.kr/docs'],
    ['https://e.kr。', 'https://e.kr'],
    ['《http://t.kr/a》다음http://t.kr/b', 'http://t.kr/a', 'http://t.kr/b'],
    ['(https://e.kr)', 'https://e.kr'],
    ['https://ko.wikipedia.org/wiki/서울_(도시)', 'https://ko.wikipedia.org/wiki/서울_(도시)'],
    ['https://ko.wikipedia.org/wiki/서울_(도시)를', 'https://ko.wikipedia.org/wiki/서울_(도시)'],
    ['https://zh.wikipedia.org/wiki/%E7%B4%85_(%E5%BC%B5)', 'https://zh.wikipedia.org/wiki/%E7%B4%85_(%E5%BC%B5)'],
    ['https://e.kr에서', 'https://e.kr'],
    ['https://e.kr/에서', 'https://e.kr/'],
    ['https://e.kr/docs/a.html을, 봐요', 'https://e.kr/docs/a.html'],
    ['https://e.kr/?q=이', 'https://e.kr/?q=이'],
    // A word in Hangul may be all of it the name of a page: the address keeps it.
    ['https://e.kr/문서를', 'https://e.kr/문서를'],
    ['https://e.kr/a**b**', 'https://e.kr/a'],
    ['https://e.kr/a_b_', 'https://e.kr/a_b'],
    ['[https://e.kr/a](https://f.kr/b)', 'https://e.kr/a', 'https://f.kr/b'],
  ] as const) {
    const links = linksIn(text)
    t.strictSame(
      links.map(link => link.text),
      expected,
      text,
    )
    for (const link of links) t.equal(text.slice(link.start).indexOf(link.text), 0, 'it stands where it was found')
  }
})
