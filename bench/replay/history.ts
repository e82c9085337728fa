import type { Message } from '../../schemas/message.js'
import { limits } from '../../schemas/wire.js'
import { ApiError, type Http } from '../../static/client/index.js'

/** All messages of a room, oldest first; retries if a server is too busy. */
export async function readHistory(http: Http, room_id: string): Promise<Message[]> {
  const messages: Message[] = []
  for (;;) {
    const query = { after: messages.at(-1)?.id ?? 0, limit: limits.PAGE_MAX }
    const page = await http.messages(room_id, query).catch(error => {
      if (!(error instanceof ApiError) || error.code !== 'STORE_UNAVAILABLE') throw error
    })
    if (page === undefined) continue
    messages.push(...page.messages)
    if (!page.has_more) return messages
  }
}
