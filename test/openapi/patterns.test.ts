import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { characters, UNICODE } from '../../openapi/characters.js'
import { portable } from '../../openapi/patterns.js'
import { NAME_PATTERN, TEXT_PATTERN } from '../../schemas/wire.js'
import { programMissing } from '../support/missing.js'

/** Reads a list of patterns, and of texts, and writes which of them each text matches. */
const PYTHON = `
import json, re, sys
patterns, texts = json.load(sys.stdin)
found = [re.compile(pattern) for pattern in patterns]
print(json.dumps([[bool(pattern.search(text)) for pattern in found] for text in texts]))
`

const documents = ['openapi.yaml', 'asyncapi.yaml'].map(name =>
  parse(readFileSync(new URL(`../../../openapi/${name}`, import.meta.url), 'utf8')),
)

function patternsOf(node: unknown, found = new Set<string>()) {
  if (typeof node !== 'object' || node === null) return found
  for (const [name, child] of Object.entries(node)) {
    if (name === 'pattern' && typeof child === 'string') found.add(child)
    else patternsOf(child, found)
  }
  return found
}

const TEXTS = [
  ...[
    'minji',
    'Lunch',
    '회의',
    'a b',
    '',
    ' ',
    'a\u0000',
    '\u200b',
    'a\u200bb',
    ' a',
    'a ',
    '#a1B2c3',
    'default',
    '-_',
  ],
  ...[
    '👩‍💻 dev',
    '🏳️‍🌈 pride',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '\u{e0067}',
    '1️⃣',
    '🇰🇷',
    '👍🏽',
    '☀️',
  ],
  ...[
    'علی\u200cرضا',
    'min\u200cji',
    'minji\u200d',
    'a\u202eb',
    'ക്\u200d',
    '葛\u{e0100}',
    '葛\ufe00',
    '葛\ufe0f',
    'ᠠ\u180b',
    '\u2800',
  ],
  ...['\u3164', '\ufeff', '\u0085', '\u001c', 'line\nline', 'a\u2028b', '٣\u200c٣', '\u{1d173}', '𝒜\u200d𝒜', '🦊'],
]

test('Python reads every pattern of the API documents, and matches with it what the server accepts', {
  skip: programMissing('python3', '--version'),
}, t => {
  const patterns = [...new Set(documents.flatMap(document => [...patternsOf(document)]))]
  t.ok(patterns.length > 5)
  const input = JSON.stringify([patterns, TEXTS])
  const { stdout, stderr, status } = spawnSync('python3', ['-c', PYTHON], { input, encoding: 'utf8' })
  t.equal(status, 0, stderr)
  const ours = patterns.map(pattern => new RegExp(pattern, 'u'))
  for (const [i, matched] of (JSON.parse(stdout) as boolean[][]).entries()) {
    const text = TEXTS[i] as string
    t.strictSame(
      matched,
      ours.map(pattern => pattern.test(text)),
      encodeURIComponent(text),
    )
  }
  t.end()
})

test('the documents have the same patterns as the server, in other words', t => {
  for (const pattern of [NAME_PATTERN, TEXT_PATTERN]) {
    const [ours, documented] = [pattern, portable(pattern)].map(source => new RegExp(source, 'u'))
    t.notMatch(documented?.source, /\\p\{|\\u\{|\[\^\]/)
    for (const text of TEXTS) t.equal(documented?.test(text), ours?.test(text), encodeURIComponent(text))
  }
  const all = documents.flatMap(document => [...patternsOf(document)])
  t.ok(all.includes(portable(NAME_PATTERN)))
  t.ok(all.includes(portable(TEXT_PATTERN)))
  t.end()
})

test('the ranges of characters are those of Unicode', {
  skip: UNICODE !== process.versions.unicode && 'another Unicode',
}, t => {
  for (const [name, ranges] of Object.entries(characters)) {
    const [ours, theirs] = [new RegExp(`^[${ranges}]$`, 'u'), new RegExp(`^${name}$`, 'u')]
    let differences = 0
    for (let code_point = 0; code_point <= 0x10ffff; code_point++) {
      const character = String.fromCodePoint(code_point)
      if (ours.test(character) !== theirs.test(character)) differences++
    }
    t.equal(differences, 0, name)
  }
  t.end()
})
