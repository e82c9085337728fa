import { test } from 'tap'
import { linkParts } from '../../../static/page/text/links.js'

const hrefs = (text: string) => linkParts(text).flatMap(part => part.href ?? [])

test('only http and https URLs are links', async t => {
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

test('the parts joined are the text, whatever it is', async t => {
  for (const text of [
    '',
    'no link',
    'https://a.example',
    'a https://b.example. c\nhttps://d.example',
    '<b>https://x.example</b>',
  ]) {
    t.equal(
      linkParts(text)
        .map(part => part.text)
        .join(''),
      text,
    )
  }
})
