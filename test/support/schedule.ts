import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import type { Random } from '../../bench/faults/random.js'

/** Steps after which a run counts as endless. */
const STEPS_MAX = 200_000

export interface Schedule {
  /** Virtual ms: every step is later than the one before. */
  now(): number
  /** Runs a task at a later step, in an order that the seed chooses. @param due_ms virtual; the clock then jumps there */
  later(task: () => void, due_ms?: number): void
  /** Resolves at a later step. */
  pause(): Promise<void>
  /** Takes steps until the work is done. @throws Error if it never ends */
  run(work: () => Promise<unknown>): Promise<void>
}

/**
 * Runs code of this process under a schedule that a seed chooses: while it runs, timers, immediates and the clock are the
 * schedule's, and each step lets one task go on until it waits again. Nothing else may run in the meantime.
 */
export function createSchedule(random: Random): Schedule {
  let now = 0
  const tasks: { task: () => void; due_ms: number }[] = []
  const realImmediate = globalThis.setImmediate
  const real = {
    immediate: realImmediate,
    timeout: globalThis.setTimeout,
    clear: globalThis.clearTimeout,
    wait: timers.setTimeout,
    now: performance.now,
  }
  const schedule: Schedule = {
    now: () => now,
    later: (task, due_ms = 0) => void tasks.push({ task, due_ms }),
    pause: () => new Promise(resolve => schedule.later(resolve)),
    async run(work) {
      let isDone = false
      install()
      const done = work().finally(() => {
        isDone = true
      })
      done.catch(() => {})
      try {
        for (let steps = 0; !isDone; steps++) {
          // All promises that are settled by now have run their reactions when an immediate of Node's comes.
          await new Promise<void>(resolve => realImmediate(resolve))
          if (isDone) break
          if (steps > STEPS_MAX || tasks.length === 0) throw new Error(`It never ends: ${steps} steps`)
          const [next] = tasks.splice(random.int(tasks.length), 1) as [(typeof tasks)[number]]
          now = Math.max(now + 1, next.due_ms)
          next.task()
        }
      } finally {
        restore()
      }
      await done
    },
  }

  function install() {
    globalThis.setImmediate = ((task: () => void) => schedule.later(task)) as typeof setImmediate
    globalThis.setTimeout = ((task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = { isCleared: false }
      schedule.later(() => timer.isCleared || task(...args), now + ms)
      return timer
    }) as unknown as typeof setTimeout
    globalThis.clearTimeout = ((timer?: { isCleared: boolean }) => {
      if (timer) timer.isCleared = true
    }) as typeof clearTimeout
    timers.setTimeout = ((ms = 0) =>
      new Promise<void>(resolve => schedule.later(resolve, now + ms))) as typeof timers.setTimeout
    performance.now = () => now
    syncBuiltinESMExports()
  }

  function restore() {
    globalThis.setImmediate = real.immediate
    globalThis.setTimeout = real.timeout
    globalThis.clearTimeout = real.clear
    timers.setTimeout = real.wait
    performance.now = real.now
    syncBuiltinESMExports()
  }
  return schedule
}
