import { figureOf } from '../registry.js'

const requests = figureOf('http_reqs', 'counter')
const duration = figureOf('http_req_duration', 'trend')
const failed = figureOf('http_req_failed', 'rate')

/** k6's own default. */
const TIMEOUT_MS = 60_000

interface Answer {
  status: number
  body: string | null
  error: string
}

/** Like k6's, it never rejects: a request without a response has status 0. */
export async function asyncRequest(
  method: string,
  url: string,
  body?: string | null,
  params?: { headers?: Record<string, string> } | null,
): Promise<Answer> {
  const started = performance.now()
  let answer: Answer
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { method, body: body ?? null, headers: params?.headers ?? {}, signal })
    answer = { status: response.status, body: await response.text(), error: '' }
  } catch (error) {
    answer = { status: 0, body: null, error: String(error) }
  }
  requests.add(1)
  duration.add(performance.now() - started)
  failed.add(answer.status < 200 || answer.status >= 400)
  return answer
}

export default { asyncRequest }
