import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { Writer } from '../../../plugins/room-log/writer.js'
import { repeat } from '../../support/repeat.js'
import { simulate } from '../../support/simulation.js'

const SCHEDULES = repeat(2000, 100)
/** Schedules that are tried until a planted bug is found. */
const TRIES_MAX = 5000

/** To run one schedule again. */
const SEED = process.env.SIMULATION_SEED

const folder = new URL('../../../plugins/room-log/', import.meta.url)

/** Bugs, as changes of the built files. Each text must be there exactly once. */
const bugs: Record<string, { file: 'writer' | 'decide' | 'view'; was: string; is: string }> = {
  'acknowledges before the store has it': {
    file: 'writer',
    was: 'if (events.length > 0)\n                    await this.store.append',
    is: 'await this.#answer(decisions);\n if (events.length > 0)\n                    await this.store.append',
  },
  'publishes before the store has it': {
    file: 'writer',
    was: 'if (events.length > 0)\n                    await this.store.append',
    is: 'if (events.length > 0) this.committed(events);\n if (events.length > 0)\n                    await this.store.append',
  },
  'decides on a stale view after a lost race': {
    file: 'writer',
    was: 'if (tail.length < TAIL_MAX)\n            view.append(tail);',
    is: 'if (tail.length < TAIL_MAX)\n            view.seq = tail.at(-1)?.seq ?? view.seq;',
  },
  'refuses on what it remembers': { file: 'writer', was: '&& !decision.waiting.fresh', is: '&& false' },
  'goes on after a part of a batch as if all were stored': {
    file: 'writer',
    was: 'open = await this.#settle(decisions, entry => this.#firstWithRetry(entry), error);',
    is: 'view.append(events); this.#view = view; await this.#answer(decisions); return;',
  },
  'tells the seq that it wanted, not the one that was stored': {
    file: 'writer',
    was: 'resolve({ event: first, repeated: true });',
    is: 'resolve({ event: { ...first, seq: first.seq + 1 }, repeated: true });',
  },
  'refuses a retry of what succeeded': {
    file: 'writer',
    was: 'const first = await this.#first(waiting.entry);\n                if (first)\n                    this.#repeat(waiting, first);\n                else\n                    waiting.reject(decision.error);',
    is: 'waiting.reject(decision.error);',
  },
  'reads the state without the events since its own view': {
    file: 'writer',
    was: 'const since = this.#view ? view.seq : Number.MAX_SAFE_INTEGER;',
    is: 'const since = Number.MAX_SAFE_INTEGER;',
  },
  'takes another client_id at every attempt': {
    file: 'decide',
    was: 'client_id, created_at, ...fields }',
    is: 'client_id: [client_id, seq].join(), created_at, ...fields }',
  },
  'decides a batch on the state before it': { file: 'decide', was: 'ahead.append([event]);', is: ';' },
  'forgets within a batch what happened to a message': {
    file: 'decide',
    was: 'messages.set(target.message.seq, {',
    is: 'new Map().set(target.message.seq, {',
  },
}

/** The built files with a bug, beside the real ones, deleted after the test. @returns the writer with the bug */
async function plant(t: Test, n: number, { file, was, is }: (typeof bugs)[string]): Promise<typeof Writer> {
  const name = (of: string) => `${of}.planted-${process.pid}-${n}.js`
  const texts = new Map(['writer', 'decide', 'view'].map(of => [of, readFileSync(new URL(`${of}.js`, folder), 'utf8')]))
  const text = texts.get(file) as string
  t.equal(text.split(was).length, 2, 'the text to change is there once')
  texts.set(
    file,
    text.replace(was, () => is),
  )
  for (const [of, text] of texts) {
    const written = new URL(name(of), folder)
    t.teardown(() => rmSync(written, { force: true }))
    writeFileSync(
      written,
      text.replaceAll("'./decide.js'", `'./${name('decide')}'`).replaceAll("'./view.js'", `'./${name('view')}'`),
    )
  }
  return (await import(new URL(name('writer'), folder).href)).Writer
}

test(`${SCHEDULES} schedules of several writers of one room keep every promise`, async t => {
  const first = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED)
  let acked = 0
  let events = 0
  for (let seed = first; seed < first + (SEED === undefined ? SCHEDULES : 1); seed++) {
    const simulated = await simulate(seed, Writer)
    acked += simulated.acked
    events += simulated.log.length
    if (simulated.violations.length > 0) {
      t.strictSame(simulated.violations, [], `SIMULATION_SEED=${seed} runs it again`)
      t.comment(
        simulated.log.map(({ seq, type, username, member = '' }) => `${seq} ${type} ${username} ${member}`).join('\n'),
      )
      break
    }
  }
  t.comment(`${acked} requests acknowledged, ${events} events, from seed ${first}`)
  t.ok(acked > 0)
})

test('one seed gives one log', async t => {
  const [one, other] = [await simulate(7, Writer), await simulate(7, Writer)]
  const of = ({ log }: typeof one) =>
    log.map(({ seq, type, client_id, username }) => [seq, type, client_id.length > 9 || client_id, username])
  t.ok(one.log.length > 10)
  t.strictSame(of(one), of(other))
})

for (const [n, [name, bug]] of Object.entries(bugs).entries()) {
  test(`the checker finds a writer that ${name}`, async t => {
    const Planted = await plant(t, n, bug)
    let seed = 1
    let found: string[] = []
    for (; found.length === 0 && seed <= TRIES_MAX; seed++) {
      const { violations } = await simulate(seed, Planted)
      found = violations.map(({ promise }) => promise)
    }
    t.not(found.length, 0)
    t.comment(`by seed ${seed - 1}: ${[...new Set(found)].join(', ')}`)
  })
}
