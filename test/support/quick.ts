/** Variables of servers in tests and benchmarks: fast hashes, no limits, no drain time. */
export const quick = {
  BCRYPT_COST: '4',
  DRAIN_MS: '0',
  RATE_LIMIT_AUTH_PER_MINUTE: '0',
  RATE_LIMIT_HTTP_PER_MINUTE: '0',
  RATE_LIMIT_SENDS_PER_SECOND: '0',
  RATE_LIMIT_FRAMES_PER_SECOND: '0',
  RATE_LIMIT_ROOMS_PER_HOUR: '0',
}
