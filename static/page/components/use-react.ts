import type { Account } from '../state/account.js'

/** A function that reacts to a message of the open room, and shows the error if the server refuses it. */
export function useReact(account: Account) {
  const conversation = account.conversations.current()
  return async (id: number, emoji: string, on: boolean) => {
    const error = await conversation?.react(id, emoji, on)
    if (error) account.showError(error)
  }
}
