/** The tables of a file that the first version wrote, which knew no contacts. */
export const FIRST_SQLITE = `
  create table records (
    version integer primary key autoincrement,
    collection text not null,
    id text not null,
    value text not null,
    unique (collection, id)
  ) strict;

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

  pragma application_id = 0x4d537068;
  pragma user_version = 2;
`;

/** The tables of a schema that the first version made, which kept no directory there. */
export const FIRST_POSTGRES = `
  create table records (
    collection text collate "C" not null,
    id text collate "C" not null,
    version uuid not null default gen_random_uuid(),
    value json not null,
    primary key (collection, id)
  );

  create table mailsphere_migrations (step int primary key, taken_at timestamptz not null default now());
  insert into mailsphere_migrations (step) values (1);
`;
