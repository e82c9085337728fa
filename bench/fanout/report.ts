import type { Figures } from './drive.js'
import { loads } from './loads.js'

export interface Run {
  load: string
  peer: string
  /** Without it the run failed. */
  figures?: Figures
  failure?: string
}

/** Medians of a peer's calm runs under a load; of all its runs where none was calm. */
export interface Summary {
  load: string
  peer: string
  calm: number
  runs: number
  figures: Figures | null
  /** Lowest and highest of the same runs; null under an idle load. */
  cpu_us_range: [number, number] | null
  /** CPU time against the bare TCP server's, null without it. */
  of_limit: number | null
  failures: string[]
}

/** Cores that others may use beside a run: beyond, its times are theirs too. */
const OTHERS_MAX = 0.1
export const isCalm = ({ figures }: Run) => figures !== undefined && figures.others <= OTHERS_MAX

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return ((sorted[Math.floor(half)] as number) + (sorted[Math.ceil(half) - 1] as number)) / 2
}

/** What may never happen is added up over all runs, never a median. */
const SUMS: (keyof Figures)[] = ['lost', 'out_of_order', 'unacknowledged']

function medians(all: Figures[], counted: Figures[]): Figures {
  const names = Object.keys(counted[0] as Figures) as (keyof Figures)[]
  const entries = names.map(name => {
    const values = (SUMS.includes(name) ? all : counted).map(figures => figures[name])
    const numbers = values.filter(value => value !== null)
    if (numbers.length === 0) return [name, null]
    return [name, SUMS.includes(name) ? numbers.reduce((sum, n) => sum + n) : median(numbers)]
  })
  return Object.fromEntries(entries) as Figures
}

/** In the order in which the keys come first. */
function groupBy<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

export function summarize(runs: Run[]): Summary[] {
  const groups = groupBy(runs, ({ load, peer }) => `${load} ${peer}`)
  const summaries = Array.from(groups.values(), (group): Summary => {
    const { load, peer } = group[0] as Run
    const calm = group.filter(isCalm)
    const all = group.flatMap(({ figures }) => figures ?? [])
    const counted = calm.length > 0 ? calm.flatMap(({ figures }) => figures ?? []) : all
    const cpu = counted.flatMap(({ cpu_us }) => cpu_us ?? [])
    return {
      load,
      peer,
      calm: calm.length,
      runs: group.length,
      figures: counted.length > 0 ? medians(all, counted) : null,
      cpu_us_range: cpu.length > 0 ? [Math.min(...cpu), Math.max(...cpu)] : null,
      of_limit: null,
      failures: group.flatMap(({ failure }) => failure ?? []),
    }
  })
  for (const summary of summaries) {
    const limit = summaries.find(({ load, peer }) => load === summary.load && peer === 'tcp')?.figures?.cpu_us
    const own = summary.figures?.cpu_us
    if (limit && own) summary.of_limit = own / limit
  }
  return summaries
}

const number = (value: number | null | undefined, digits: number) => (value == null ? '–' : value.toFixed(digits))
const percent = (value: number | null, digits = 0) => `${number(value === null ? null : value * 100, digits)} %`

type Column = [title: string, cell: (figures: Figures, summary: Summary) => string]

const talking: Column[] = [
  ['CPU µs/delivery', ({ cpu_us }) => number(cpu_us, 2)],
  ['range', (_, { cpu_us_range }) => cpu_us_range?.map(end => number(end, 2)).join('–') ?? '–'],
  ['× limit', (_, { of_limit }) => number(of_limit, 2)],
  ['p50 ms', ({ p50_ms }) => number(p50_ms, 1)],
  ['p99 ms', ({ p99_ms }) => number(p99_ms, 1)],
  ['of the load', ({ reached }) => percent(reached)],
  ['lost', ({ lost }) => String(lost)],
  ['out of order', ({ out_of_order }) => String(out_of_order)],
  ['not acked', ({ unacknowledged }) => String(unacknowledged)],
]
const idle: Column[] = [
  ['KiB/socket', ({ socket_bytes }) => number(socket_bytes === null ? null : socket_bytes / 1024, 1)],
  ['core without sockets', ({ cpu_without_sockets }) => percent(cpu_without_sockets, 2)],
  ['core with all', ({ cpu_with_sockets }) => percent(cpu_with_sockets, 2)],
]
const always: Column[] = [
  ['generator', ({ generator_busy }) => percent(generator_busy)],
  ['others', ({ others }) => percent(others)],
  ['calm runs', (_, { calm, runs }) => `${calm} of ${runs}`],
]

/** A table for each load, in Markdown. */
export function tables(summaries: Summary[]): string {
  return [...groupBy(summaries, ({ load }) => load)]
    .map(([name, group]) => {
      const load = loads[name]
      const columns = [...(load?.rate === 0 ? idle : talking), ...always]
      const rows = group.map(summary => {
        const { peer, figures, failures } = summary
        const cells = figures
          ? columns.map(([, cell]) => cell(figures, summary))
          : [`failed: ${failures[0]?.replaceAll('\n', ' ')}`]
        return `| ${[peer, ...cells].join(' | ')} |`
      })
      const head = ['', ...columns.map(([title]) => title)]
      return [`### ${load?.title}`, '', `| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join(
        '\n',
      )
    })
    .join('\n\n')
}

const MARKS = ['<!-- figures: written by npm run bench -->', '<!-- end of the figures -->'] as const

interface Report {
  /** ISO 8601 */
  at: string
  machine: { cpu: string; cores: number; memory_gib: number; kernel: string; node: string; pinned: boolean }
  options: { runs: number; seconds: number }
  summaries: Summary[]
}

/** @returns the text with the tables and what they were measured on between its marks. @throws Error if it has no marks */
export function withFigures(text: string, { at, machine, options, summaries }: Report): string {
  const [begin, end] = MARKS.map(mark => text.indexOf(mark)) as [number, number]
  if (begin < 0 || end < begin) throw new Error(`The document needs the lines ${MARKS.join(' and ')}`)
  const { cpu, cores, memory_gib, kernel, node, pinned } = machine
  const where = pinned ? 'the server on one core, the generator on another' : 'server and generator on the same cores'
  const runs = options.runs === 1 ? 'one run' : `medians of ${options.runs} runs`
  const host = `${cpu}, ${cores} cores, ${memory_gib} GiB, Linux ${kernel}, Node ${node}`
  const what = `Measured on ${at.slice(0, 10)}: ${host}; ${where}; ${runs} of ${options.seconds} s.`
  return `${text.slice(0, begin)}${MARKS[0]}\n\n${what}\n\n${tables(summaries)}\n\n${text.slice(end)}`
}
