import type { ServerFrames } from '../../schemas/frame.js'

/** The failure of a request. */
export class ApiError extends Error {
  override name = 'ApiError'

  /**
   * @param status the HTTP status; 0 if the error came over the socket or the request never reached the server
   * @param code   the server's error code, or the client's own: `UNREACHABLE`, `BAD_ANSWER`, `QUEUE_FULL`, `CLOSED`
   */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retry_after_ms?: number,
    /** When the ban or the mute behind the error ends; undefined if it does not. */
    readonly until?: string,
  ) {
    super(message)
  }

  /** Of an `error` frame. */
  static of({ code, message, retry_after_ms, until }: ServerFrames['error']): ApiError {
    return new ApiError(0, code, message, retry_after_ms, until)
  }
}
