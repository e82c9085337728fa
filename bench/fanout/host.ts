/** What the machine is asked: cores, CPU time, memory. Linux only. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

const tick_s = 1 / Number(execFileSync('getconf', ['CLK_TCK']))
const hasTaskset = spawnSync('taskset', ['--version']).error === undefined

/** Cores that this process may use, such as 0 and 1. */
function cores(): number[] {
  const [, list = '0'] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
const [server_core, generator_core] = cores()
/** Whether the server and the generator have a core each. */
export const pinned = hasTaskset && generator_core !== undefined

/** A command that runs on the core of the server or of the generator. */
export function onCore(role: 'server' | 'generator', command: string[]): [string, string[]] {
  const core = role === 'server' ? server_core : generator_core
  const [program, ...args] = pinned ? ['taskset', '-c', String(core), ...command] : command
  return [program as string, args]
}

/** User and system time of all threads of a process so far, s. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before it may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tick_s
}

/** What all processes used of all cores so far, without interrupts but with what the hypervisor took, s. */
export function cpuOfAll(): number {
  const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  return (Number(user) + Number(nice) + Number(system) + Number(steal)) * tick_s
}

/** Resident memory of a process, bytes. */
export function memoryOf(pid: number): number {
  const [, kib] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cores().length,
  memory_gib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  pinned,
})
