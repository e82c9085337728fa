import { test } from 'tap'
import { createEnterKey, type EnterEvent } from '../../../static/page/text/enter-key.js'

/** An event, and what the field holds at that time. */
type Step = [EnterEvent, string]

const down = (more: Partial<EnterEvent & { type: 'keydown' }> = {}): EnterEvent => ({
  type: 'keydown',
  key: 'Enter',
  code: 'Enter',
  keyCode: 13,
  shiftKey: false,
  isComposing: false,
  repeat: false,
  ...more,
})
const up: EnterEvent = { type: 'keyup', key: 'Enter', code: 'Enter' }
const start: EnterEvent = { type: 'compositionstart' }
const update = (data: string): EnterEvent => ({ type: 'compositionupdate', data })
const end = (data: string): EnterEvent => ({ type: 'compositionend', data })
const lineBreak: EnterEvent = { type: 'beforeinput', inputType: 'insertLineBreak' }

/** Replays a browser's events. @returns the texts sent; an empty field sends nothing, and a line break shows as \n */
function play(steps: Step[]): string[] {
  const decide = createEnterKey()
  const sent: string[] = []
  let emptied = false
  for (const [event, value] of steps) {
    const { enter, prevent } = decide(event)
    // A field that was emptied holds what was typed since.
    if (event.type === 'beforeinput' && event.inputType === 'insertText') emptied = false
    const text = emptied ? '' : value
    if (event.type === 'beforeinput' && event.inputType === 'insertLineBreak' && !prevent) sent.push('\n')
    if (!enter || text === '') continue
    sent.push(text)
    emptied = true
  }
  return sent
}

const typed: Step[] = [
  [start, '안녕하세'],
  [update('ㅇ'), '안녕하세ㅇ'],
  [update('요'), '안녕하세요'],
]
const whole = '안녕하세요'
const insert: EnterEvent = { type: 'beforeinput', inputType: 'insertText' }
const letter = down({ key: 'h', code: 'KeyH', keyCode: 72 })
/** A key of an Android keyboard, which names none. */
const unnamed = down({ key: 'Unidentified', code: '', keyCode: 229 })

test('one Enter during a Hangul syllable is one message with the complete text', async t => {
  const orders: Record<string, Step[]> = {
    'Chromium on Windows: the key is taken, the line breaks afterwards': [
      [down({ keyCode: 229, isComposing: true }), whole],
      [end('요'), whole],
      [lineBreak, whole],
      [up, whole],
    ],
    'the key is called Process': [
      [down({ key: 'Process', keyCode: 229, isComposing: true }), whole],
      [end('요'), whole],
      [up, whole],
    ],
    'Chromium on macOS: the key is told twice': [
      [down({ keyCode: 229, isComposing: true }), whole],
      [end('요'), whole],
      [down(), whole],
      [up, whole],
    ],
    'Chromium on macOS: a plain Enter before the syllable ends': [
      [down(), '안녕하세'],
      [end('요'), whole],
      [up, whole],
    ],
    'Safari: the syllable ends before the key': [
      [end('요'), whole],
      [down({ keyCode: 229 }), whole],
      [up, whole],
    ],
    'Firefox: the key in the composition, its end after': [
      [down({ isComposing: true, keyCode: 229 }), whole],
      [end('요'), whole],
      [lineBreak, whole],
      [up, whole],
    ],
  }
  for (const [name, steps] of Object.entries(orders)) t.strictSame(play([...typed, ...steps]), [whole], name)
})

test('Enter that picks a Japanese or Chinese candidate sends nothing, the next one does', async t => {
  const composed: Step[] = [
    [start, ''],
    [update('にほん'), 'にほん'],
    [update('日本'), '日本'],
  ]
  const next: Step[] = [
    [down(), '日本'],
    [up, '日本'],
  ]
  t.strictSame(
    play([...composed, [down({ keyCode: 229, isComposing: true }), '日本'], [end('日本'), '日本'], [up, '日本']]),
    [],
    'Chromium',
  )
  t.strictSame(play([...composed, [end('日本'), '日本'], [down({ keyCode: 229 }), '日本'], [up, '日本']]), [], 'Safari')
  t.strictSame(play([...composed, [end('日本'), '日本'], [down({ keyCode: 229 }), '日本'], [up, '日本'], ...next]), [
    '日本',
  ])
  t.strictSame(
    play([
      [start, ''],
      [update('ni hao'), 'ni hao'],
      [down({ keyCode: 229, isComposing: true }), 'ni hao'],
      [end('ni hao'), 'ni hao'],
      [up, 'ni hao'],
    ]),
    [],
    'Pinyin',
  )
})

test('without an input method Enter sends, Shift+Enter breaks the line, and a held Enter sends once', async t => {
  t.strictSame(
    play([
      [down(), 'hi'],
      [up, 'hi'],
    ]),
    ['hi'],
  )
  t.strictSame(
    play([
      [down({ shiftKey: true }), 'hi'],
      [lineBreak, 'hi'],
      [up, 'hi'],
    ]),
    ['\n'],
  )
  t.strictSame(
    play([
      [down(), 'hi'],
      [down({ repeat: true }), 'hi'],
      [lineBreak, 'hi'],
      [up, 'hi'],
    ]),
    ['hi'],
  )
})

test('another key after Enter cancels the pending send', async t => {
  const steps: Step[] = [
    ...typed,
    [down({ keyCode: 229, isComposing: true }), whole],
    [down({ key: 'a', code: 'KeyA' }), whole],
    [end('요'), whole],
  ]
  t.strictSame(play(steps), [])
})

test('one Enter is one message, also if its keyup never comes', async t => {
  const orders: Record<string, Step[]> = {
    'another key follows': [
      [down(), 'one'],
      [letter, ''],
      [insert, ''],
      [down(), 'two'],
      [lineBreak, 'two'],
    ],
    'text is pasted': [
      [down(), 'one'],
      [{ type: 'beforeinput', inputType: 'insertFromPaste' }, ''],
      [insert, ''],
      [down(), 'two'],
    ],
    'the window loses the focus while the key is down': [
      [down(), 'one'],
      [{ type: 'blur' }, ''],
      [insert, 'two'],
      [down(), 'two'],
    ],
    'the next key is pressed before Enter is released': [
      [down(), 'one'],
      [letter, ''],
      [insert, ''],
      [up, 'two'],
      [down(), 'two'],
      [up, ''],
    ],
  }
  for (const [name, steps] of Object.entries(orders)) t.strictSame(play(steps), ['one', 'two'], name)
  const again: Step[] = [
    [start, ''],
    [insert, '그래'],
    [update('요'), '그래요'],
    [down({ keyCode: 229, isComposing: true }), '그래요'],
    [end('요'), '그래요'],
    [lineBreak, ''],
  ]
  t.strictSame(
    play([
      ...typed,
      [down({ keyCode: 229, isComposing: true }), whole],
      [end('요'), whole],
      [lineBreak, whole],
      ...again,
    ]),
    [whole, '그래요'],
    'Hangul twice, without a keyup',
  )
})

test('Android keyboards that name no key send with Enter, too', async t => {
  t.strictSame(
    play([
      [unnamed, 'o'],
      [insert, 'o'],
      [unnamed, 'one'],
      [lineBreak, 'one'],
      [unnamed, ''],
      [insert, ''],
      [unnamed, 'two'],
      [lineBreak, 'two'],
      [lineBreak, ''],
    ]),
    ['one', 'two'],
  )
  t.strictSame(play([...typed, [unnamed, whole], [end('요'), whole], [lineBreak, whole]]), [whole], 'Hangul')
})
