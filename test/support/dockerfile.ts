import { readFileSync } from 'node:fs'

export interface Instruction {
  name: string
  /** The arguments after the flags, with continuation lines joined. */
  rest: string
  /** For example `--from=build`. */
  flags: Record<string, string>
  /** The arguments of the exec form (JSON), else null. */
  exec: string[] | null
}

export interface Stage {
  image: string
  /** Empty for the last stage, which is the image. */
  name: string
  instructions: Instruction[]
}

/** Parses the stages of a Dockerfile. Heredocs and escapes are not supported; ours has none. */
export function readDockerfile(path: URL): Stage[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
  const stages: Stage[] = []
  for (const line of lines) {
    const [name, ...words] = line.trim().split(/\s+/) as [string, ...string[]]
    const flags: Record<string, string> = {}
    while (words[0]?.startsWith('--')) {
      const [flag = '', value = ''] = (words.shift() as string).slice(2).split('=')
      flags[flag] = value
    }
    if (name === 'FROM') {
      stages.push({ image: words[0] as string, name: words[2] ?? '', instructions: [] })
      continue
    }
    const rest = words.join(' ')
    // HEALTHCHECK's command follows the word CMD.
    const json = rest.replace(/^CMD /, '')
    const exec = json.startsWith('[') ? (JSON.parse(json) as string[]) : null
    stages.at(-1)?.instructions.push({ name, rest, flags, exec })
  }
  return stages
}

/** The last matching line of a .dockerignore decides; `*` matches one name, and a folder everything in it. */
export function isIgnored(path: string, patterns: string[]): boolean {
  let ignored = false
  for (const line of patterns) {
    const [except, pattern] = line.startsWith('!') ? [true, line.slice(1)] : [false, line]
    const expression = new RegExp(`^${pattern.replace(/[.+^$()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*')}(/|$)`)
    if (expression.test(path)) ignored = !except
  }
  return ignored
}
