/** When a UUIDv7 was made. */
export const uuidTime = (uuid: string): string =>
  new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toISOString()
