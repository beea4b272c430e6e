import type { DatabaseSync } from 'node:sqlite';
import { ConnectorError } from '@mailsphere/core';

// Text compares as bytes of UTF-8 (the BINARY collation), which is code-point order.
const RECORDS = `
  create table records (
    version integer primary key autoincrement,
    collection text not null,
    id text not null,
    value text not null,
    unique (collection, id)
  ) strict;
`;

// Rows that are numbered as they come keep the pages that a batch changes few; with their random ids as the key, a
// directory of 100,000 users was written at a quarter of the speed.
const DIRECTORY = `
  create table directory_epochs (
    connection_id text primary key,
    epoch integer not null
  ) strict, without rowid;

  create table directory_domains (
    row integer primary key,
    connection_id text not null,
    id text not null,
    is_default integer not null,
    is_initial integer not null,
    is_verified integer not null,
    accepts_mail integer not null,
    generation integer not null,
    unique (connection_id, id)
  ) strict;

  create table directory_users (
    row integer primary key,
    connection_id text not null,
    id text not null,
    user_principal_name text not null,
    display_name text,
    user_type text not null,
    enabled integer not null,
    generation integer not null,
    unique (connection_id, id)
  ) strict;

  create table directory_groups (
    row integer primary key,
    connection_id text not null,
    id text not null,
    display_name text,
    group_type text not null,
    generation integer not null,
    unique (connection_id, id)
  ) strict;

  -- While an address moves from one owner to another it may belong to both; what was written last is right.
  create table directory_addresses (
    written integer primary key,
    connection_id text not null,
    owner_kind text not null,
    owner_row integer not null,
    position integer not null,
    address text not null,
    address_lower text not null,
    is_primary integer not null,
    unique (owner_kind, owner_row, position)
  ) strict;
  create index directory_addresses_by_address on directory_addresses (connection_id, address_lower);

  create table directory_members (
    group_row integer not null,
    member_id text not null,
    member_type text not null,
    generation integer not null,
    primary key (group_row, member_id)
  ) strict, without rowid;
`;

// What an older version had not read stays null until the next full read. The domain is what follows the last @: `rtrim` takes away
// all letters of the address but that one.
const CONTACTS = `
  alter table directory_users add column licensed integer;
  alter table directory_users add column other_addresses text not null default '[]';
  alter table directory_groups add column dynamic_membership integer;
  alter table directory_groups add column hidden_membership integer;
  alter table directory_groups add column other_addresses text not null default '[]';
  alter table directory_addresses add column domain text not null default '';
  update directory_addresses set domain =
    substr(address_lower, length(rtrim(address_lower, replace(address_lower, '@', ''))) + 1);

  create table directory_contacts (
    row integer primary key,
    connection_id text not null,
    id text not null,
    display_name text,
    company_name text,
    other_addresses text not null,
    generation integer not null,
    unique (connection_id, id)
  ) strict;
`;

// A number that was given out never comes again, whatever was pruned.
const CHANGES = `
  create table directory_changes (
    sequence integer primary key autoincrement,
    connection_id text not null,
    kind text not null,
    id text not null,
    verb text not null,
    "before" text,
    "after" text,
    members text,
    generation integer not null
  ) strict;
  create index directory_changes_by_connection on directory_changes (connection_id, sequence);
`;

const MAILBOX_KINDS = 'alter table directory_users add column mailbox_kind text;';

/** The steps from an empty file to today's tables. A step that was released never changes; a new one is appended. */
const STEPS = [RECORDS, DIRECTORY, CONTACTS, CHANGES, MAILBOX_KINDS];

// 'MSph', in the file's header: tells our files from those of other applications.
const APPLICATION_ID = 0x4d537068;

/**
 * Brings the file to today's tables, all steps or none. The file's own `user_version` counts the steps it has taken: there is
 * no history to keep beside it, and processes that start together wait for each other by the write lock.
 *
 * @throws ConnectorError `storage_failed` when the file belongs to another application or to a newer version of this package.
 */
export function migrate(connection: DatabaseSync): void {
  connection.exec('begin immediate');
  try {
    const applicationId = pragma(connection, 'application_id');
    const taken = pragma(connection, 'user_version');
    const tables = connection.prepare('select 1 from sqlite_schema limit 1').get();
    if (tables && applicationId !== APPLICATION_ID)
      throw new ConnectorError(
        'storage_failed',
        'The database file belongs to another application. Give Mailsphere a file of its own.',
      );
    if (taken > STEPS.length)
      throw new ConnectorError(
        'storage_failed',
        'The database file was written by a newer version of @mailsphere/storage. Install that version, or a newer one.',
      );
    for (const step of STEPS.slice(taken)) connection.exec(step);
    connection.exec(
      `pragma application_id = ${APPLICATION_ID}; pragma user_version = ${STEPS.length}; commit`,
    );
  } catch (error) {
    if (connection.isTransaction) connection.exec('rollback');
    throw error;
  }
}

const pragma = (connection: DatabaseSync, name: string): number =>
  Number(Object.values(connection.prepare(`pragma ${name}`).get() ?? {})[0]);
