import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Runs all tests, or the files named, prints each failure when its file has ended, and ends with one line that says what
 * passed, what was skipped and how to get it run.
 *
 * With `--coverage` it also fails if coverage is under the thresholds of .taprc, which hold only if nothing is skipped.
 */
const [isCovered, files] = [process.argv.includes('--coverage'), process.argv.slice(2).filter(arg => arg[0] !== '-')]
const coverage = isCovered ? ['--coverage-report=text-summary'] : ['--disable-coverage']
const tap = spawn('tap', ['run', '--reporter=tap', ...coverage, ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
const ended = new Promise<number>(resolve => tap.on('close', code => resolve(code ?? 1)))

let passed = 0
let failed = 0
let skipped = 0
const reasons = new Set<string>()
/** The names around a line of TAP: the file, its test, a test in that one. */
const path: string[] = []
/** Depth of the last failure. What contains it fails too, which says nothing new. */
let failed_at = -1
/** Within the YAML block that describes a failure. */
let inDetails = false
let inSource = false

function onResult(depth: number, result: string) {
  const [, bad, name = ''] = result.match(/^(not )?ok \d+(?: - )?(.*)$/) ?? []
  const skip = name.match(/ # SKIP ?(.*)$/)
  const isTest = path.length > depth
  path.splice(depth)
  if (skip) {
    skipped++
    reasons.add(skip[1] || 'no reason given')
  } else if (!bad) {
    if (!isTest) passed++
  } else if (failed_at > depth) {
    failed_at = depth
  } else {
    failed++
    failed_at = depth
    inDetails = true
    console.log(`\nFAILED: ${[...path, name.replace(/ # time=.*/, '')].join(' > ')}`)
  }
}

/** A failure's details, without the excerpt of the compiled source. */
function onDetail(text: string) {
  if (text === '...') inDetails = false
  else if (/^source:/.test(text)) inSource = true
  else if (/^\S/.test(text)) inSource = false
  if (inDetails && !inSource && text !== '---') console.log(`  ${text}`)
}

for await (const line of createInterface({ input: tap.stdout })) {
  const text = line.trimStart()
  const depth = Math.floor((line.length - text.length) / 4)
  if (inDetails && /^( {4})*(not ok|ok|1\.\.|# )/.test(line)) inDetails = false
  if (inDetails) onDetail(line.slice(4 * failed_at + 2))
  else if (text.startsWith('# Subtest: ')) path[depth] = text.slice(11)
  else if (/^(not )?ok \d+/.test(text)) onResult(depth, text)
  else if (/^(Statements|Branches|Functions|Lines) /.test(text)) console.log(text)
}

const code = (await ended) || Number(passed === 0)
const missing = [...reasons].filter(reason => reason.endsWith(' not found')).map(reason => reason.slice(0, -10))
const others = [...reasons].filter(reason => !reason.endsWith(' not found'))
const why = [...(missing.length > 0 ? [`${missing.join(', ')} not found; .ci/run installs them`] : []), ...others]
console.log(
  `\n${passed} passed, ${failed} failed, ${skipped} skipped${skipped > 0 ? ` (${why.join('; ')})` : ''}` +
    (code !== 0 && failed === 0 ? `; tap ended with ${code}` : ''),
)
process.exitCode = code
