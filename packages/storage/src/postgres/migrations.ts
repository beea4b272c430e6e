import { ConnectorError } from '@mailsphere/core';
import type { PostgresPool } from './postgres-pool.ts';
import { execute } from './statement.ts';

// By bytes of UTF-8 (the collation "C"), ids are in code-point order, whatever the collation of the database. A version is
// random, because a sequence would repeat numbers after a restore, or a fail-over that lost the last transactions.
// `json` keeps the text as it was written; `jsonb` refuses \u0000 and halves of surrogate pairs.
const RECORDS = `
  create table records (
    collection text collate "C" not null,
    id text collate "C" not null,
    version uuid not null default gen_random_uuid(),
    value json not null,
    primary key (collection, id)
  );
`;

// Rows are numbered, so that what belongs to an entry need not repeat its long ids. There are no foreign keys: a batch removes what
// belongs to an entry before the entry, and nobody else writes.
const DIRECTORY = `
  create table directory_epochs (
    connection_id text collate "C" primary key,
    epoch bigint not null
  );

  create table directory_domains (
    "row" bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    id text collate "C" not null,
    is_default boolean not null,
    is_initial boolean not null,
    is_verified boolean not null,
    accepts_mail boolean not null,
    generation bigint not null,
    unique (connection_id, id)
  );

  create table directory_users (
    "row" bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    id text collate "C" not null,
    user_principal_name text not null,
    display_name text,
    user_type text not null,
    enabled boolean not null,
    licensed boolean,
    other_addresses json not null,
    generation bigint not null,
    unique (connection_id, id)
  );

  create table directory_contacts (
    "row" bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    id text collate "C" not null,
    display_name text,
    company_name text,
    other_addresses json not null,
    generation bigint not null,
    unique (connection_id, id)
  );

  create table directory_groups (
    "row" bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    id text collate "C" not null,
    display_name text,
    group_type text not null,
    dynamic_membership boolean,
    hidden_membership boolean,
    other_addresses json not null,
    generation bigint not null,
    unique (connection_id, id)
  );

  -- While an address moves from one owner to another it may belong to both; what was written last is right.
  create table directory_addresses (
    written bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    owner_kind text not null,
    owner_row bigint not null,
    position int not null,
    address text not null,
    address_lower text collate "C" not null,
    domain text collate "C" not null,
    is_primary boolean not null,
    unique (owner_kind, owner_row, position)
  );
  create index directory_addresses_by_address on directory_addresses (connection_id, address_lower);

  create table directory_members (
    group_row bigint not null,
    member_id text collate "C" not null,
    member_type text not null,
    generation bigint not null,
    primary key (group_row, member_id)
  );

  create table directory_changes (
    sequence bigint generated always as identity primary key,
    connection_id text collate "C" not null,
    kind text not null,
    id text collate "C" not null,
    verb text not null,
    before json,
    after json,
    members json,
    generation bigint not null
  );
  create index directory_changes_by_connection on directory_changes (connection_id, sequence);
`;

const MAILBOX_KINDS = 'alter table directory_users add column mailbox_kind text;';

/** The steps from an empty schema to today's tables. A step that was released never changes; a new one is appended. */
const STEPS = [RECORDS, DIRECTORY, MAILBOX_KINDS];

const OLDEST_SERVER = 13;

/**
 * Brings the schema to today's tables, all steps or none. Only reads when there is nothing to do, so that a start waits
 * for no lock.
 *
 * @throws ConnectorError `storage_failed`
 */
export async function migrate(pool: PostgresPool, schema: string): Promise<void> {
  const [found] = await execute(
    pool,
    `select current_setting('server_version_num')::int / 10000 as server,
      current_setting('server_encoding') as encoding,
      to_regclass($1)::text as migrations`,
    [`"${schema}".mailsphere_migrations`],
  );
  if (Number(found?.server) < OLDEST_SERVER)
    throw unusable(`The server is older than PostgreSQL ${OLDEST_SERVER}. Use a newer one.`);
  if (found?.encoding !== 'UTF8')
    throw unusable(
      `The encoding of the database is ${found?.encoding}, which cannot hold every text. Create one with \`encoding 'UTF8'\`.`,
    );
  const taken = found.migrations === null ? 0 : await stepsTaken(pool, schema);
  if (taken > STEPS.length)
    throw unusable(
      'The schema was written by a newer version of @mailsphere/storage. Install that version, or a newer one.',
    );
  if (taken < STEPS.length) await execute(pool, script(schema));
}

async function stepsTaken(pool: PostgresPool, schema: string): Promise<number> {
  const [row] = await execute(pool, `select count(*)::int as taken from "${schema}".mailsphere_migrations`);
  return Number(row?.taken);
}

/**
 * One transaction. Processes that start together wait for each other by the lock, and read committed lets each one then see
 * what the one before it did.
 */
const script = (schema: string): string => `
  set transaction isolation level read committed;
  do $migrate$
  declare
    taken int;
  begin
    perform pg_advisory_xact_lock(hashtextextended('mailsphere/${schema}', 0));
    if to_regnamespace('${schema}') is null then
      create schema "${schema}";
    end if;
    perform set_config('search_path', '"${schema}"', true);
    if to_regclass('"${schema}".mailsphere_migrations') is null then
      create table mailsphere_migrations (step int primary key, taken_at timestamptz not null default now());
    end if;
    select count(*) into taken from mailsphere_migrations;
    ${STEPS.map(
      (step, index) =>
        `if taken < ${index + 1} then ${step} insert into mailsphere_migrations (step) values (${index + 1}); end if;`,
    ).join('\n')}
  end
  $migrate$;
`;

const unusable = (message: string) => new ConnectorError('storage_failed', `PostgreSQL: ${message}`);
