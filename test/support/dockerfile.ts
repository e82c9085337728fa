import { readFileSync } from 'node:fs'

export interface Instruction {
  name: string
  /** What follows the name and the flags; lines that go on are joined. */
  rest: string
  /** As `--from=build`. */
  flags: Record<string, string>
  /** In the exec form (JSON), its parts. */
  exec: string[] | null
}

export interface Stage {
  image: string
  /** Empty for the last one, which is the image. */
  name: string
  instructions: Instruction[]
}

/** The stages of a Dockerfile without heredocs and escapes, which ours has none of. */
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
    // HEALTHCHECK's command stands behind the word CMD.
    const json = rest.replace(/^CMD /, '')
    const exec = json.startsWith('[') ? (JSON.parse(json) as string[]) : null
    stages.at(-1)?.instructions.push({ name, rest, flags, exec })
  }
  return stages
}

/** Of all lines of a .dockerignore the last that fits decides; `*` is for one name, a folder for all that is in it. */
export function isIgnored(path: string, patterns: string[]): boolean {
  let ignored = false
  for (const line of patterns) {
    const [except, pattern] = line.startsWith('!') ? [true, line.slice(1)] : [false, line]
    const expression = new RegExp(`^${pattern.replace(/[.+^$()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*')}(/|$)`)
    if (expression.test(path)) ignored = !except
  }
  return ignored
}
