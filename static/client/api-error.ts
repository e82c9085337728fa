/** What a request ended with instead of an answer. */
export class ApiError extends Error {
  override name = 'ApiError'

  /**
   * @param status of HTTP; 0 where it came over the socket or never reached the server
   * @param code   the server's, or `UNREACHABLE`, `BAD_ANSWER`, `QUEUE_FULL`, `CLOSED` of the client's own
   */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retry_after_ms?: number,
  ) {
    super(message)
  }
}
