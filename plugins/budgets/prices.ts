/**
 * What each kind of work costs the main thread, in µs, rounded up from measurements on a core of 2026 (`npm run abuse`).
 * A price that is too low lets one client take more than its share; one that is too high slows honest clients.
 */
export const prices = {
  /** Accepting a connection. A TLS handshake costs far more. */
  connection: 300,
  tls_handshake: 1500,
  /** Reading a slice of a connection's bytes from the network. */
  slice: 10,
  /** Parsing the head of a request. */
  head: 20,
  /** Destroying a connection on which too many requests wait. */
  overflow: 3000,
  /** A request from its first byte to its answer, besides what follows. */
  request: 700,
  /** Answering an error, besides the request: it is made, caught and sent, sometimes by several plugins. */
  failed: 2000,
  /** A token that is not valid: its signature is checked, and the error made. */
  bad_token: 400,
  /** A login or registration, besides the hash, which a thread of its own computes. */
  login: 2000,
  /** A frame, besides what it asks for. */
  frame: 20,
  /** Refusing a frame: making the error and its frame. */
  refused: 500,
  /** Refusing a frame that cannot be parsed or fits no schema: it is examined again to tell why, and leaves much garbage. */
  refused_byte: 0.2,
  /** Opening and closing a WebSocket, besides its request. */
  socket: 1600,
  /** Parsing JSON. Many keys are the worst case. */
  parsed_byte: 0.06,
  /** Building and writing an answer. */
  answered_byte: 0.01,
  /** Sending a file. */
  file: 200,
  /** Deciding on an event and handing it to the store. */
  append: 200,
  /** Looking for a name after an at sign in a text, and for the account that has it. */
  mention: 25,
  /** Encoding an HTTP answer, most of which is text that is not ASCII. */
  encoded_byte: 0.03,
  /** Reading a message of a history page. */
  read_message: 70,
  /** Reading a room of the list, with its unread count, for one user. */
  listed_room: 220,
  /** Looking at a room of a user to see whether the list of direct conversations shows it. */
  examined_room: 10,
  /** Reading a member of the list. */
  listed_member: 20,
  /** Looking at an account or a room to see whether a list of administrators shows it. */
  scanned_row: 5,
  /** Collecting all metrics. */
  figures: 3000,
  /** Reading an invitation, with the names of those who joined by it. */
  listed_invite: 60,
  /** Reading a session of the list. */
  listed_session: 20,
  /** A look-up of the next messages of an export, besides what it takes in the store. */
  exported_step: 100,
  /** Ending a session: an event for the other servers, and the session's row. */
  ended_session: 200,
  /** Examining a message that a search may match, besides its characters. */
  searched_message: 10,
  /** Reading, normalizing and comparing a text. */
  searched_character: 0.1,
  /** Following a room: membership, presence, welcome. */
  subscribe: 500,
  /** An event that a resuming socket is sent. */
  replayed_event: 8,
  /** Its bytes: reading, decoding, encoding and copying them. */
  replayed_byte: 0.06,
  /** Reading and moving a read mark. */
  mark: 150,
  /** One copy of a frame that is not in the log (typing, a read mark), for one recipient. */
  recipient: 12,
} as const

/** µs */
export type Price = keyof typeof prices
