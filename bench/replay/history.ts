import type { Message } from '../../schemas/message.js'
import { limits } from '../../schemas/wire.js'
import type { Http } from '../../static/client/index.js'

/** All messages of a room, oldest first. */
export async function readHistory(http: Http, room_id: string): Promise<Message[]> {
  const messages: Message[] = []
  for (;;) {
    const page = await http.messages(room_id, { after: messages.at(-1)?.id ?? 0, limit: limits.PAGE_MAX })
    messages.push(...page.messages)
    if (!page.has_more) return messages
  }
}
