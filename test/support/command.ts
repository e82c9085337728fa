import { Readable, Writable } from 'node:stream'
import { talkie } from '../../deploy/talkie/talkie.js'
import type { Environment } from '../../plugins/config/index.js'

interface Ran {
  code: number
  /** Lines of standard output. */
  stdout: string[]
  /** Lines of standard error. */
  stderr: string[]
}

/** Runs a `talkie` command in this process. @param input its standard input */
export async function run(args: string[], env: Environment, input = ''): Promise<Ran> {
  let output = ''
  const stderr: string[] = []
  const code = await talkie(args, {
    env,
    input: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    output: new Writable({
      write(chunk, _encoding, done) {
        output += chunk
        done()
      },
    }),
    print(line) {
      output += `${line}\n`
    },
    printError: line => stderr.push(line),
  })
  return { code, stdout: output.split('\n').slice(0, -1), stderr }
}
