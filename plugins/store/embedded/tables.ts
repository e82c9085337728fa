import { deferred, immediate } from './indexes.js'

/** Raised with every new index, and with every other change that an older server would not understand or keep up. */
export const SCHEMA_VERSION = 12
/** Stores of this version and later are opened, and brought up to SCHEMA_VERSION (`upgrade.ts`, `ensureIndexes`). */
const OLDEST_VERSION = 2

/** Whether this server can open a store of a version. */
export const isReadable = (version = '') => Number(version) >= OLDEST_VERSION && Number(version) <= SCHEMA_VERSION

/**
 * Names that a reader takes for the same are the same, and lists go by `name_sort`. Deleted rooms are excluded: the name
 * of one becomes its id, which another room may have as its name. So are direct conversations, which have no other name.
 */
export const ROOM_NAME_INDEXES = `
create unique index rooms_name_folded on rooms (name_folded) where deleted = 0 and direct is null;
create index rooms_public on rooms (name_sort) where deleted = 0 and is_public = 1;
`

/** Of deleted accounts. */
export const DELETION_INDEX = 'create index users_deletion on users (deletion_done) where deletion is not null;'

/**
 * The embedded store's tables. Every column is typed, because libsql binds all numbers as REAL. Usernames are compared
 * regardless of case (`nocase` folds ASCII, and usernames are ASCII) and stored as registered.
 */
export const TABLES = `
create table meta (
  name text primary key,
  value text not null
) without rowid;

-- Rows are never deleted, so the greatest id is their number.
create table users (
  id integer primary key,
  username text not null collate nocase unique,
  display_name text not null,
  bio text not null,
  avatar_color text not null,
  status text not null,
  created_at text not null,
  password_hash text not null,
  blocked integer not null,
  generation integer not null default 0,
  kept_session text,
  is_admin integer not null default 0,
  reset_hash text,
  reset_expires_at text,
  deletion text,
  deleted_at text,
  deletion_done integer not null default 0
);
${DELETION_INDEX}

create table sessions (
  id text primary key,
  username text not null collate nocase,
  created_at text not null,
  expires_at text not null,
  generation integer not null default 0,
  device text not null default '',
  address text not null default '',
  last_seen_at text not null default ''
) without rowid;
create index sessions_username on sessions (username);
create index sessions_expires_at on sessions (expires_at);

-- A record reflects its whole log, since both change in one transaction: its indexed_seq is the log's head.
create table rooms (
  id text primary key,
  name text not null,
  name_folded text not null,
  name_sort text not null,
  description text not null,
  is_public integer not null,
  max_members integer not null,
  owner text not null,
  member_count integer not null,
  password_hash text,
  slow_mode_s integer not null default 0,
  retention_h integer not null default 0,
  retention_count integer not null default 0,
  emptied_seq integer not null default 0,
  created_at text not null,
  deleted integer not null,
  invites text,
  -- JSON of what only a direct conversation has.
  direct text,
  preview integer not null default 1,
  read_counts integer not null default 1
) without rowid;
${ROOM_NAME_INDEXES}

create table marks (
  username text not null collate nocase,
  room_id text not null,
  seq integer not null,
  primary key (username, room_id)
) without rowid;

create table events (
  room_id text not null,
  seq integer not null,
  type text not null,
  username text not null collate nocase,
  client_id text not null,
  created_at text not null,
  target integer,
  member text,
  text text,
  reply_to integer,
  data text,
  primary key (room_id, seq)
) without rowid;
-- In this order, and with client_ids that begin with the time, new rows lie beside each other.
create unique index events_client_id on events (room_id, client_id, username);
create index events_type on events (room_id, type, seq);
create index events_target on events (room_id, target, seq) where target is not null;

${[...immediate, ...deferred].map(({ tables }) => tables).join('')}
-- How far the work after the commits has come, so that a restart continues there (see upkeep.ts).
create table indexed (
  id integer primary key,
  room_id text not null unique,
  seq integer not null
);
-- Rooms whose texts are being emptied after seq: up to upto, or all of them if that is null, because the room was deleted.
create table purges (
  room_id text primary key,
  seq integer not null,
  upto integer
) without rowid;
`
