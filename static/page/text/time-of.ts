/** When a UUIDv7 was made. */
export const timeOf = (uuid: string): string =>
  new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toISOString()
