import { limits, NAME_PATTERN, USERNAME_PATTERN } from '../../../schemas/wire.js'

const username = new RegExp(USERNAME_PATTERN, 'u')
const name = new RegExp(NAME_PATTERN, 'u')

export const codePoints = (text: string) => [...text].length

/** What is wrong with a field before it is sent, as a word of the dictionary; null where nothing is. */
export const validate = {
  username: (value: string): 'username_rule' | null => (username.test(value) ? null : 'username_rule'),
  /** In code points below, in bytes of UTF-8 above, as the server counts them. */
  password: (value: string): 'password_short' | 'password_long' | null => {
    const text = value.normalize('NFC')
    if (codePoints(text) < limits.PASSWORD_MIN) return 'password_short'
    return new TextEncoder().encode(text).length > limits.PASSWORD_BYTES_MAX ? 'password_long' : null
  },
  room_name: (value: string): 'name_rule' | null =>
    name.test(value) && codePoints(value) <= limits.ROOM_NAME_MAX ? null : 'name_rule',
  display_name: (value: string): 'name_rule' | null =>
    name.test(value) && codePoints(value) <= limits.DISPLAY_NAME_MAX ? null : 'name_rule',
}
