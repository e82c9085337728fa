import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Runs all tests, or the files named, prints each failure when its file has ended, and ends with one line that says what
 * passed, what was skipped and how to get it run.
 *
 * Each file runs as a plain program. With `--coverage` V8 measures it and what it starts, and the run also fails if
 * coverage is under the thresholds of .c8rc.json, which hold only if nothing is skipped.
 */
const [isCovered, files] = [process.argv.includes('--coverage'), process.argv.slice(2).filter(arg => arg[0] !== '-')]
/** Where V8 writes what each process covered. */
const COVERAGE = join(import.meta.dirname, '..', 'coverage')
/** A file that runs longer than this has failed, s. */
const FILE_MAX_S = '900'

let passed = 0
let failed = 0
let skipped = 0
const reasons = new Set<string>()

/**
 * @param path the names around a line, now the file's if it is known; later its test, and a test in that one
 * @returns takes a line of TAP, counts its result and prints what failed
 */
function createReader(path: string[], print: (text: string) => void) {
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
      print(`\nFAILED: ${[...path, name.replace(/ # time=.*/, '')].join(' > ')}`)
    }
  }

  /** A failure's details, without the excerpt of the compiled source. */
  function onDetail(text: string) {
    if (text === '...') inDetails = false
    else if (/^source:/.test(text)) inSource = true
    else if (/^\S/.test(text)) inSource = false
    if (inDetails && !inSource && text !== '---') print(`  ${text}`)
  }

  const outside = path.length
  return (line: string) => {
    const text = line.trimStart()
    const depth = Math.floor((line.length - text.length) / 4) + outside
    if (inDetails && /^( {4})*(not ok|ok|1\.\.|# )/.test(line)) inDetails = false
    if (inDetails) onDetail(line.slice(4 * (failed_at - outside) + 2))
    else if (text.startsWith('# Subtest: ')) path[depth] = text.slice(11)
    else if (/^(not )?ok \d+/.test(text)) onResult(depth, text)
  }
}

/** Runs a program whose output is TAP. @returns its exit code */
async function run(command: string, args: string[], onLine: (line: string) => void): Promise<number> {
  const env = { TAP_TIMEOUT: FILE_MAX_S, ...process.env, ...(isCovered && { NODE_V8_COVERAGE: COVERAGE }) }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const ended = new Promise<number>(resolve => child.on('close', code => resolve(code ?? 1)))
  for await (const line of createInterface({ input: child.stdout })) onLine(line)
  return ended
}

/** Folders whose tests start servers and wait for them, so their files begin first and the short ones fill the gaps. */
const FIRST = ['faults', 'bench', 'deploy', 'plugins/ws'].map(folder => join('build', 'test', folder))

/** Runs one file more at once than there are processors, since tests often wait. @returns 0 if each has ended with 0 */
async function runFiles(): Promise<number> {
  const top = join(import.meta.dirname, '..', '..')
  const all = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.js'))
    .map(name => relative(top, join(import.meta.dirname, name)))
  const isFirst = (file: string) => FIRST.some(folder => file.startsWith(folder))
  const queue = files.length > 0 ? files : all.sort().sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
  let code = 0
  async function next(): Promise<void> {
    const file = queue.shift()
    if (file === undefined) return
    const printed: string[] = []
    const onLine = createReader([file], text => printed.push(text))
    const ended = await run(process.execPath, ['--enable-source-maps', file], onLine)
    code ||= ended
    if (ended !== 0 && printed.length === 0) {
      failed++
      printed.push(`\nFAILED: ${file} ended with ${ended}`)
    }
    for (const text of printed) console.log(text)
    return next()
  }
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, next))
  return code
}

/** Prints the coverage. @returns 0 if it reaches the thresholds */
function report(): number {
  // What some 2,000 processes covered takes 3.4 GB until it is merged.
  const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=8192' }
  const { status } = spawnSync('c8', ['report', '--temp-directory', COVERAGE], { stdio: 'inherit', env })
  return status ?? 1
}

const code = (await runFiles()) || (isCovered ? report() : 0) || Number(passed === 0)
const missing = [...reasons].filter(reason => reason.endsWith(' not found')).map(reason => reason.slice(0, -10))
const others = [...reasons].filter(reason => !reason.endsWith(' not found'))
const why = [...(missing.length > 0 ? [`${missing.join(', ')} not found; .ci/run installs them`] : []), ...others]
console.log(
  `\n${passed} passed, ${failed} failed, ${skipped} skipped${skipped > 0 ? ` (${why.join('; ')})` : ''}` +
    (code !== 0 && failed === 0 ? `; it ended with ${code}` : ''),
)
process.exitCode = code
