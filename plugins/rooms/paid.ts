import type { Auth } from '../auth/index.js'
import { type Budgets, type Price, prices } from '../budgets/index.js'
import type { RoomLog } from '../room-log/index.js'

export type Paid = ReturnType<typeof createPaid>

/**
 * What rooms do for a user, paid by the user's account, whichever way the request came. Work of the server itself, whose
 * username is empty, is free.
 */
export function createPaid(roomLog: RoomLog, auth: Auth, budgets: Pick<Budgets, 'ofAccount'>) {
  /** Waits for its turn if the account is over its pace. @throws RateLimited if too much work waits already */
  async function pay(username: string, price: Price) {
    if (username !== '') await budgets.ofAccount(username).turn(prices[price])
  }

  return {
    pay,
    roomLog: {
      ...roomLog,
      async append(...[room_id, entry]: Parameters<RoomLog['append']>) {
        await pay(entry.username, 'append')
        return roomLog.append(room_id, entry)
      },
    },
    async hashPassword(username: string, password: string): Promise<string> {
      await pay(username, 'login')
      return auth.hashPassword(password)
    },
    async verifyPassword(username: string, password: string, password_hash: string | null): Promise<boolean> {
      await pay(username, 'login')
      return auth.verifyPassword(password, password_hash)
    },
  }
}
