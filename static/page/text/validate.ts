import { limits, NAME_PATTERN, USERNAME_PATTERN } from '../../../schemas/wire.js'

const username = new RegExp(USERNAME_PATTERN, 'u')
const name = nameRule()

/** Safari has lookbehind, which the rule uses, from version 16.4 only; before that, the server alone decides. */
function nameRule(): RegExp {
  try {
    return new RegExp(NAME_PATTERN, 'u')
  } catch {
    return /\S/
  }
}

export const codePoints = (text: string) => [...text].length

/** Checks fields before they are sent. Each returns a key of the dictionary, or null if the value is valid. */
export const validate = {
  username: (value: string): 'username_rule' | null => (username.test(value) ? null : 'username_rule'),
  /** Like the server: the minimum counts code points, the maximum bytes of UTF-8. */
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
