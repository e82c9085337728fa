import { type Static, Type } from '@sinclair/typebox'
import { limits, registrationModes } from './wire.js'

const text = (description: string, more = {}) => Type.Optional(Type.String({ description, minLength: 1, ...more }))
const count = (value: number, description: string, more = {}) =>
  Type.Integer({ default: value, minimum: 0, description, ...more })

/** The environment variables, which are the only configuration. An empty variable counts as unset. */
export const Config = Type.Object({
  IS_DEV: Type.Union([Type.Literal('dev'), Type.Literal('prod')], {
    default: 'dev',
    description: '`dev`: readable logs and a generated secret; `prod`: JSON logs, and JWT_SECRET is required',
  }),
  PORT: count(8080, 'Port to listen on; 0 picks a free port', { maximum: 65535 }),
  HOST: text('Address to listen on; defaults to 127.0.0.1 in dev and 0.0.0.0 in prod'),
  DATA_DIR: Type.String({
    default: './data',
    description: 'Directory for the embedded database and the secret generated in dev',
  }),
  MONGODB_URI: text('Connection string of a MongoDB to use instead of the embedded database', {
    pattern: '^mongodb(\\+srv)?://',
  }),
  MONGODB_USER: text('MongoDB user, if the URI does not contain one'),
  MONGODB_PASSWORD: text('Password of the MongoDB user'),
  MONGODB_DATABASE: Type.String({ default: 'woongkietalkie', description: 'Name of the MongoDB database' }),
  MONGODB_TIMEOUT_MS: Type.Integer({
    default: 5000,
    minimum: 100,
    description: 'Timeout of a MongoDB command in ms; after it, requests get 503',
  }),
  JWT_SECRET: text('Secret that signs tokens, at least 32 characters; required in prod', { minLength: 32 }),
  JWT_EXPIRY: Type.String({
    default: '24h',
    pattern: '^[1-9][0-9]*(s|m|h|d)$',
    description: 'Lifetime of a token: a number followed by s, m, h or d',
  }),
  REDIS_ADDR: text(
    'Redis that connects several servers: `host:port` or `redis://user:password@host:port/db` (`rediss://` for TLS); one or ' +
      'more nodes of a cluster, comma-separated; for Sentinel `redis://host:port,host:port?sentinel=MASTER`',
    { pattern: '^(rediss?://.+|[^:/,@]+:[0-9]+(,[^:/,@]+:[0-9]+)*)$' },
  ),
  REDIS_PASSWORD: text('Password of Redis, if REDIS_ADDR contains none'),
  REDIS_DB: count(0, 'Database number of Redis, if REDIS_ADDR contains none'),
  REDIS_TLS_CA_FILE: text('Certificate authority of Redis (PEM file), if Node.js does not trust it by default'),
  REDIS_SENTINEL_PASSWORD: text('Password of the Sentinels'),
  TLS_CERT_FILE: text('TLS certificate (PEM file), if this process terminates TLS'),
  TLS_KEY_FILE: text('Private key of the TLS certificate (PEM file)'),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map(level => Type.Literal(level)),
    { default: 'info', description: 'Lowest level that is logged: trace, debug, info, warn, error, fatal or silent' },
  ),
  ALLOWED_ORIGINS: text(
    'Additional origins whose pages may use the HTTP API (CORS) and open WebSockets, also with the cookie, comma-separated',
  ),
  ALLOWED_HOSTS: text(
    'Host names that this server answers for, comma-separated, against DNS rebinding; IP addresses and localhost always work. ' +
      'Without it, any name works',
  ),
  TRUST_PROXY: text('Addresses or networks of proxies whose X-Forwarded-* headers are trusted, comma-separated'),
  METRICS_TOKEN: text('Bearer token that /metrics requires; without it, /metrics is open', { minLength: 16 }),
  DOCS: Type.Union([Type.Literal('on'), Type.Literal('off')], {
    default: 'on',
    description: '`off`: /docs, the API reference, answers 404',
  }),
  REGISTRATION: Type.Union(
    registrationModes.map(mode => Type.Literal(mode)),
    {
      default: 'open',
      description:
        'Who can create an account: `open`: anyone; `invite`: nobody without an invitation; `closed`: nobody. `talkie user add` always can. Administrators can change it at run time; their choice then outlives restarts',
    },
  ),
  AUDIT_KEEP_DAYS: count(365, 'Days after which entries of the audit log are removed; 0 keeps them for ever', {
    maximum: 36_500,
  }),
  RETENTION_HOURS: count(
    0,
    'Messages of all rooms older than so many hours are erased; rooms may keep theirs shorter; 0 keeps them',
    {
      maximum: limits.RETENTION_H_MAX,
    },
  ),
  RETENTION_MESSAGES: count(
    0,
    'In each room, older messages than the newest so many are erased; rooms may keep fewer; 0 keeps them',
    { maximum: limits.RETENTION_COUNT_MAX },
  ),
  BCRYPT_COST: Type.Integer({ default: 10, minimum: 4, maximum: 15, description: 'bcrypt cost of password hashes' }),
  HEARTBEAT_MS: Type.Integer({ default: 30_000, minimum: 100, description: 'Interval between WebSocket pings in ms' }),
  PRESENCE_LEASE_MS: Type.Integer({
    default: 10_000,
    minimum: 500,
    description: 'If a server has not reported for this many ms, its users are offline',
  }),
  DRAIN_MS: count(10_000, 'Time in ms over which sockets are closed after SIGTERM'),
  RATE_LIMIT_AUTH_PER_MINUTE: count(
    10,
    'Wrong logins and room password attempts per account; ten times as many wrong logins in an hour, and by one address in ten ' +
      'minutes; ten times as many registrations by one address in ten minutes; twenty times as many uses of invitations by one address; 0 disables the limit',
  ),
  RATE_LIMIT_HTTP_PER_MINUTE: count(
    600,
    'Requests per account, or per address if not authenticated; 0 disables the limit',
  ),
  RATE_LIMIT_SENDS_PER_SECOND: count(
    10,
    'Sends, edits and deletions per account, with bursts of twice as many; 0 disables the limit',
  ),
  RATE_LIMIT_FRAMES_PER_SECOND: count(50, 'Frames per socket, with bursts of twice as many; 0 disables the limit'),
  RATE_LIMIT_ROOMS_PER_HOUR: count(
    20,
    'Rooms that an account may create, and a fifth of the direct conversations that it may start; 0 disables the limit',
  ),
  BUDGET_ACCOUNT_MS: count(
    100,
    'Server time in ms per second that an account may use; unused time accumulates for 30 seconds; 0 disables the limit',
  ),
  BUDGET_ADDRESS_MS: count(100, 'The same per address, for unauthenticated clients; 0 disables the limit'),
  MAX_SOCKETS_PER_USER: count(50, 'Concurrent sockets per account; 0 disables the limit'),
  MAX_SOCKETS_PER_ADDRESS: count(1000, 'Concurrent sockets per address; 0 disables the limit'),
})
export type Config = Static<typeof Config>
