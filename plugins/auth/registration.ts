import { randomUUID } from 'node:crypto'
import { type RegistrationMode, registrationModes } from '../../schemas/wire.js'
import { Conflict, type Store } from '../store/index.js'

/** The log of the settings that administrators change at run time. */
const SETTINGS = '_settings'
/** Attempts to append: another server may take the seq between our read of the head and our append. */
const TRIES_MAX = 100

const actOf = (mode: RegistrationMode) => `registration_${mode}`

/**
 * Who can register. It is read from the store each time, so that a change holds on all servers at once.
 * @param configured the mode until an administrator has set one
 */
export function createRegistrationMode(store: Store, configured: RegistrationMode) {
  return {
    async read(): Promise<RegistrationMode> {
      const [newest] = await store.readNewest(SETTINGS, ['administered'], { limit: 1 })
      return registrationModes.find(mode => actOf(mode) === newest?.data?.act) ?? configured
    },

    /** @param username the administrator @throws Conflict if other servers change it all the time */
    async set(username: string, mode: RegistrationMode): Promise<void> {
      for (let tries = 0; ; tries++) {
        const head = await store.readHead(SETTINGS)
        const event = { room_id: SETTINGS, seq: head + 1, type: 'administered' as const, username }
        const created_at = new Date().toISOString()
        try {
          return await store.append(SETTINGS, head, [
            { ...event, client_id: randomUUID(), created_at, data: { act: actOf(mode) } },
          ])
        } catch (error) {
          if (!(error instanceof Conflict) || tries >= TRIES_MAX) throw error
        }
      }
    },
  }
}
