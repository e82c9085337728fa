/** One's own message that is not known to be in the log yet. */
export interface OutgoingMessage {
  client_id: string
  text: string
  reply_to?: number
  created_at: string
  /** The error code, once the server or the client has refused it. */
  failed?: string
}
