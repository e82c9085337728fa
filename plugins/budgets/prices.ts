/**
 * What each kind of work costs the main thread, in µs, rounded up from measurements on a core of 2026 (`npm run abuse`).
 * A price that is too low lets one client take more than its share; one that is too high slows honest clients.
 */
export const prices = {
  /** Accepting a connection. A TLS handshake costs far more. */
  connection: 100,
  tls_handshake: 1500,
  /** A request from its first byte to its answer, besides what follows. */
  request: 400,
  /** A token that is not valid: its signature is checked, and the error made. */
  bad_token: 400,
  /** A login or registration, besides the hash, which a thread of its own computes. */
  login: 2000,
  /** A frame, besides what it asks for. */
  frame: 20,
  /** Parsing JSON. Deeply nested arrays are the worst case. */
  parsed_byte: 0.06,
  /** Building and writing an answer. */
  answered_byte: 0.01,
  /** Deciding on an event and handing it to the store. */
  append: 60,
  /** Encoding an HTTP answer, most of which is text that is not ASCII. */
  encoded_byte: 0.03,
  /** Reading a message of a history page. */
  read_message: 20,
  /** Reading a room of the list, with its unread count, for one user. */
  listed_room: 60,
  /** Examining a message that a search may match, besides its characters. */
  searched_message: 10,
  /** Reading, normalizing and comparing a text. */
  searched_character: 0.1,
  /** Following a room: membership, presence, welcome. */
  subscribe: 300,
  /** An event that a resuming socket is sent. */
  replayed_event: 8,
  /** One copy of a frame that is not in the log (typing, a read mark), for one recipient. */
  recipient: 4,
} as const

/** µs */
export type Price = keyof typeof prices
