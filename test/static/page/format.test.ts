import { test } from 'tap'
import { type Block, parseMessage } from '../../../static/page/text/format.js'
import type { Inline } from '../../../static/page/text/inline.js'

const MARKS = { bold: 'b', italic: 'i', struck: 's' }
const line = (pieces: Inline[]): string =>
  pieces
    .map(piece => {
      if ('text' in piece) return piece.kind === 'code' ? `<code>${piece.text}</code>` : piece.text
      if (piece.kind !== 'link') return `<${MARKS[piece.kind]}>${line(piece.inside)}</${MARKS[piece.kind]}>`
      return `<a ${piece.href}${piece.host ? ` ${piece.host}` : ''}>${line(piece.inside)}</a>`
    })
    .join('')
const show = (blocks: Block[]): string =>
  blocks
    .map(block => {
      if (block.kind === 'text') return line(block.inside)
      if (block.kind === 'code') return `<pre ${block.language}>${block.text}</pre>`
      if (block.kind === 'quote') return `<quote>${show(block.inside)}</quote>`
      return block.items.map(item => `<li ${item.level} ${item.number}>${line(item.inside)}</li>`).join('')
    })
    .join('')
const shown = (text: string) => show(parseMessage(text))
/** What the user reads. */
const words = (text: string) => shown(text).replace(/<[^>]*>/g, '')

test('bold, italic, struck text and code are marks, also beside Hangul', async t => {
  for (const [text, expected] of [
    ['**마크다운(Markdown)**을', '<b>마크다운(Markdown)</b>을'],
    ['**"강조"**는', '<b>"강조"</b>는'],
    ['한국어**[강조]**한국어', '한국어<b>[강조]</b>한국어'],
    ['**이 [링크](https://e.kr)**만', '<b>이 <a https://e.kr/>링크</a></b>만'],
    ['~~(취소)~~는', '<s>(취소)</s>는'],
    ['~~25~30~~', '<s>25~30</s>'],
    ['*기울임*과 _italic_', '<i>기울임</i>과 <i>italic</i>'],
    ['***both***', '<i><b>both</b></i>'],
    ['`a*b*c` 와 ``a`b``', '<code>a*b*c</code> 와 <code>a`b</code>'],
    ['**`code`**', '<b><code>code</code></b>'],
    ['**two\nlines**', '<b>two\nlines</b>'],
  ] as const) {
    t.equal(shown(text), expected, text)
  }
})

test('what only looks like markup stays as it was typed', async t => {
  for (const text of [
    ...[
      '2*3*4',
      'a_b_c',
      '__init__.py',
      '3~5시, 7~9시',
      '20~30개나 40~50개',
      '~한 물결~',
      '**',
      '~~',
      '_',
      '>_<',
      '>3',
    ],
    ...[
      '# x',
      '+ x',
      '    four spaces',
      '| a | b |\n|---|---|',
      '<b>x</b>',
      '$HOME … $PATH',
      '[x]',
      '[x] y',
      '---',
      '&lt;',
    ],
    ...[
      '2026. 11. 27.',
      '5. 1. 회의',
      '2024. 봄',
      '1.5배',
      '-3도',
      '1.',
      '-',
      'a\n  b\n\n\n    c',
      'a  \nb',
      'we’re #1',
    ],
    ...[
      '¯\\_(ツ)_/¯',
      'C:\\_work\\*.ts *',
      '\\*no\\*',
      '```\nno end',
      'a ` b',
      '``',
      '``````',
      '`a\nb`',
      '` `',
      '`'.repeat(2000),
    ],
    ...['[a]()', '[a](b)', '[a](javascript:alert(1))', '[a](data:text/html,x)', '[a](/x)', '![a](b)'],
    ...['[a][b]', '[a]: https', '<javascript:x>', 'javascript:alert(1)', '<img src=x onerror=alert(1)>'],
  ]) {
    t.equal(shown(text), text, text.slice(0, 40))
  }
})

test('code between fences keeps its lines and names its language', async t => {
  t.equal(
    shown('see ```ts\nlet a = `x` // <b> https://a.example #3\n  **b**\n``` there'),
    'see <pre ts>let a = `x` // <b> https://a.example #3\n  **b**</pre> there',
  )
  t.equal(shown('```one line```'), '<pre >one line</pre>')
  t.equal(shown('```\n> a\n- b\n```\nc'), '<pre >> a\n- b</pre>c')
})

test('quotes and lists are lines that begin so, and numbers stay as they were typed', async t => {
  t.equal(shown('> a\n> **b**\nc'), '<quote>a\n<b>b</b></quote>c')
  t.equal(shown('> > deep\n> less'), '<quote><quote>deep</quote>less</quote>')
  t.equal(shown('> ```\n> code\n> ```'), '<quote><pre >code</pre></quote>')
  t.equal(
    shown('할 일\n- 하나\n  - *둘*\n  이어서\n* 셋\n끝'),
    '할 일\n<li 0 >하나</li><li 1 ><i>둘</i>\n이어서</li><li 0 >셋</li>끝',
  )
  t.equal(shown('3. 셋\n7) 일곱'), '<li 0 3.>셋</li><li 0 7)>일곱</li>')
})

test('a link shows the host that it leads to if its text looks like another address', async t => {
  for (const [text, expected] of [
    ['[문서](https://e.kr/a)', '<a https://e.kr/a>문서</a>'],
    ['[https://bank.kr](https://evil.kr)', '<a https://evil.kr/ evil.kr>https://bank.kr</a>'],
    ['[https://bank.kr/a](https://evil.kr/b)', '<a https://evil.kr/b evil.kr>https://bank.kr/a</a>'],
    ['[bank.kr](https://evil.kr)', '<a https://evil.kr/ evil.kr>bank.kr</a>'],
    ['[＠minji](https://evil.kr)', '<a https://evil.kr/ evil.kr>＠minji</a>'],
    ['[https://e.kr/a](https://e.kr/a)', '<a https://e.kr/a>https://e.kr/a</a>'],
    ['[us](mailto:a@e.kr)', '<a mailto:a@e.kr>us</a>'],
    ['[a@e.kr](mailto:b@f.kr)', '<a mailto:b@f.kr b@f.kr>a@e.kr</a>'],
  ] as const) {
    t.equal(shown(text), expected, text)
  }
})

test('addresses in a text are links, and marks around them stay marks', async t => {
  t.equal(shown('**https://e.kr/a_b_c**을'), '<b><a https://e.kr/a_b_c>https://e.kr/a_b_c</a></b>을')
  t.equal(shown('https://e.kr/*x* `https://f.kr`'), '<a https://e.kr/*x>https://e.kr/*x</a>* <code>https://f.kr</code>')
  t.equal(shown('- a@e.kr'), '<li 0 ><a mailto:a@e.kr>a@e.kr</a></li>')
})

/** Texts that take other parsers seconds or overflow their stack. */
const repeated = (piece: string) => piece.repeat(Math.ceil(2000 / piece.length)).slice(0, 2000)
const growing = Array.from({ length: 62 }, (_, index) => '`'.repeat(index + 1)).join(' ')
const hostile = [
  ...[
    '[',
    '~',
    '*a ',
    '![[',
    '**_',
    '*_',
    '<a ',
    '&',
    '\\',
    '> ',
    '>',
    '- ',
    '- a\n',
    '1. ',
    '[a](',
    '](',
    '[a](b)',
    '`',
  ],
  ...[
    '**a',
    'a**',
    '*x* ',
    '~~a ',
    '~~',
    '`a\n',
    '```\n',
    'http://a.b/',
    'a@b.c',
    'www.a.b ',
    '[x](javascript:a) ',
    '> - ',
  ],
].map(repeated)
hostile.push(growing, `${'['.repeat(999)}](a)${']'.repeat(999)}`, `${'*'.repeat(999)}a${'*'.repeat(999)}`)
hostile.push(Array.from({ length: 60 }, (_, index) => `${'>'.repeat(index)} a`).join('\n'))

test('hostile texts keep all their words, in few and shallow elements', async t => {
  const depth = (pieces: readonly (Inline | Block)[]): number =>
    1 + Math.max(0, ...pieces.map(piece => ('inside' in piece ? depth(piece.inside) : 0)))
  for (const text of hostile) {
    const blocks = parseMessage(text)
    t.ok(depth(blocks) <= 16, text.slice(0, 10))
    const letters = (text: string) => text.replace(/[^a-z]/g, '')
    if (!text.includes('http') && !text.includes('](')) t.equal(letters(words(text)), letters(text), text.slice(0, 10))
  }
})
