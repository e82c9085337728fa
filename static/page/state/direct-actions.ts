import type { Account } from './account.js'
import type { App } from './app.js'

/** What lazy scripts do with direct conversations and blocks: stateless, because each of them has a copy. */

/** Opens the conversation with these users, unless the dialog that asked for it is closed by then. @throws ApiError */
export async function openDirect(account: Account, router: App['router'], usernames: string[]): Promise<void> {
  const { dialog } = account.store.state
  const room = account.direct.named(await account.http.openDirect(usernames))
  account.rooms.entered(room)
  if (account.store.state.dialog !== dialog) return
  account.showDialog(null)
  await router.go({ room_id: room.id, message: null })
}

/** @throws ApiError */
export async function blockUser(account: Account, username: string, on: boolean): Promise<void> {
  await (on ? account.http.block(username) : account.http.unblock(username))
  // The frame that tells it may be late, or not come at all over HTTP.
  account.direct.setBlocked(username, on)
}
