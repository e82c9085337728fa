/** The time in a UUIDv7, as ISO 8601. */
export const uuidTime = (uuid: string): string =>
  new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toISOString()
