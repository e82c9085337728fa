import { type Static, Type } from '@sinclair/typebox'

const text = (description: string, more = {}) => Type.Optional(Type.String({ description, minLength: 1, ...more }))
const count = (value: number, description: string, more = {}) =>
  Type.Integer({ default: value, minimum: 0, description, ...more })

/** The environment: the only configuration. An empty variable is as good as none. */
export const Config = Type.Object({
  IS_DEV: Type.Union([Type.Literal('dev'), Type.Literal('prod')], {
    default: 'dev',
    description: '`dev`: readable logs, a secret made for you; `prod`: JSON logs, JWT_SECRET required',
  }),
  PORT: count(8080, 'Port to listen on; 0 for a free one', { maximum: 65535 }),
  HOST: text('Address to listen on; 127.0.0.1 in dev, 0.0.0.0 in prod'),
  DATA_DIR: Type.String({
    default: './data',
    description: 'Folder of the embedded store and of the secret made in dev',
  }),
  MONGODB_URI: text('MongoDB to use instead of the embedded store', { pattern: '^mongodb(\\+srv)?://' }),
  MONGODB_USER: text('User of MongoDB, where the URI names none'),
  MONGODB_PASSWORD: text('Its password'),
  MONGODB_DATABASE: Type.String({ default: 'woongkietalkie', description: 'Database in MongoDB' }),
  MONGODB_TIMEOUT_MS: Type.Integer({
    default: 5000,
    minimum: 100,
    description: 'A command that MongoDB has not answered by then is given up, with 503, ms',
  }),
  JWT_SECRET: text('Secret that signs tokens, at least 32 characters; required in prod', { minLength: 32 }),
  JWT_EXPIRY: Type.String({
    default: '24h',
    pattern: '^[1-9][0-9]*(s|m|h|d)$',
    description: 'How long a token is good: a number and s, m, h or d',
  }),
  REDIS_ADDR: text('Redis that joins several servers, as host:port', { pattern: '^[^:/]+:[0-9]+$' }),
  REDIS_PASSWORD: text('Its password'),
  REDIS_DB: count(0, 'Its database number'),
  TLS_CERT_FILE: text('Certificate (PEM) for TLS in this process'),
  TLS_KEY_FILE: text('Its key (PEM)'),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map(level => Type.Literal(level)),
    { default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' },
  ),
  ALLOWED_ORIGINS: text('Origins besides our own whose pages may use the cookie, separated by commas'),
  TRUST_PROXY: text('Addresses or networks of proxies whose X-Forwarded-* count, separated by commas'),
  BCRYPT_COST: Type.Integer({ default: 10, minimum: 4, maximum: 15, description: 'Cost of password hashes' }),
  HEARTBEAT_MS: Type.Integer({ default: 30_000, minimum: 100, description: 'How often sockets are pinged, ms' }),
  PRESENCE_LEASE_MS: Type.Integer({
    default: 10_000,
    minimum: 500,
    description: 'A server silent for longer is dead and its users offline, ms',
  }),
  DRAIN_MS: count(10_000, 'Sockets are closed spread over this time at SIGTERM, ms'),
  RATE_LIMIT_AUTH_PER_MINUTE: count(
    10,
    'Registrations and logins per address; logins, and tries at rooms’ passwords, per account; 0 for no limit',
  ),
  RATE_LIMIT_HTTP_PER_MINUTE: count(600, 'Requests per account, without one per address; 0 for no limit'),
  RATE_LIMIT_SENDS_PER_SECOND: count(10, 'Sends, edits and deletions per account, burst twice that; 0 for no limit'),
  RATE_LIMIT_FRAMES_PER_SECOND: count(50, 'Frames per socket, burst twice that; 0 for no limit'),
  RATE_LIMIT_ROOMS_PER_HOUR: count(20, 'Rooms that an account may create; 0 for no limit'),
  BUDGET_ACCOUNT_MS: count(
    100,
    'Server time that one account may use, ms in each second; thirty seconds’ worth can be saved up; 0 for no limit',
  ),
  BUDGET_ADDRESS_MS: count(100, 'The same for one address, for clients that are not logged in; 0 for no limit'),
  MAX_SOCKETS_PER_USER: count(50, 'Sockets of one account; 0 for no limit'),
  MAX_SOCKETS_PER_ADDRESS: count(1000, 'Sockets of one address; 0 for no limit'),
})
export type Config = Static<typeof Config>
