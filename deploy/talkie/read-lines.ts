const NEWLINE = 0x0a
const RETURN = 0x0d

/**
 * Yields the lines of a UTF-8 text without their newlines, \n or \r\n, and without a byte order mark. No other separator
 * ends a line, because JSON may contain them unescaped. Text after the last \n is a line too, unless it is empty.
 * @throws Error, one sentence, if a line is longer than `bytes_max` or is not UTF-8
 */
export async function* readLines(input: AsyncIterable<Buffer | string>, bytes_max: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let number = 0
  let rest = Buffer.alloc(0)

  function decode(line: Buffer): string {
    number++
    if (line.length > bytes_max) throw new Error(`Line ${number} is longer than ${bytes_max} bytes`)
    try {
      return decoder.decode(line.at(-1) === RETURN ? line.subarray(0, -1) : line)
    } catch {
      throw new Error(`Line ${number} is not valid UTF-8`)
    }
  }

  for await (const chunk of input) {
    let from = 0
    const bytes = Buffer.concat([rest, typeof chunk === 'string' ? Buffer.from(chunk) : chunk])
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      yield decode(bytes.subarray(from, end))
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > bytes_max) decode(rest)
  }
  if (rest.length > 0) yield decode(rest)
}
