import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres, postgresDirectory, postgresStorage } from '../src/postgres/index.ts';
import { openSqlite, type SqlDirectory, sqliteDirectory, sqliteStorage } from '../src/sqlite/index.ts';
import { FIRST_POSTGRES, FIRST_SQLITE } from './first-tables.ts';
import { removeTemporaryFolders, temporaryFolder } from './node/temporary-folder.ts';
import { testDatabase } from './postgres-database.ts';
import { address, contact, contacts, domain, group, user, users } from './sample-entries.ts';
import { batch, removed, upserted } from './sql-directories.ts';

afterAll(removeTemporaryFolders);

describe('a file of SQLite that an older version wrote', () => {
  it('opens with its records when there was no directory yet', async () => {
    const { database } = open((file) => {
      file.exec(FIRST_SQLITE);
      file.exec(`insert into records (collection, id, value) values ('things', 'a', '1')`);
      for (const table of ['epochs', 'domains', 'users', 'groups', 'addresses', 'members'])
        file.exec(`drop table directory_${table}`);
      file.exec('pragma user_version = 1');
    });
    expect((await sqliteStorage(database).get('things', 'a'))?.value).toBe(1);
    const nothing = { domain: 0, user: 0, contact: 0, group: 0, address: 0, member: 0 };
    expect(await sqliteDirectory(database).counts('one')).toEqual(nothing);
  });

  it('keeps the directory that is in it, and learns the domain of each address', async () => {
    const { database } = open(fillFirst);
    const directory = sqliteDirectory(database);
    expect((await sqliteStorage(database).get('things', 'a'))?.value).toBe(1);
    // What the older version did not read is unknown, and counts as no.
    const unread = { licensed: false, mailboxKind: undefined };
    expect(await directory.list('one', 'domain')).toStrictEqual([domain('contoso.example')]);
    expect(await directory.list('one', 'user')).toStrictEqual([
      user('u1', {
        ...unread,
        addresses: [address('U1@Contoso.example'), address('"a@b"@Ä.example', false)],
      }),
      user('u2', { ...unread, displayName: undefined, enabled: false, userType: 'guest', addresses: [] }),
    ]);
    const { members: _, ...stored } = group('g1');
    expect(await directory.list('one', 'group')).toStrictEqual([stored]);
    expect(await directory.members('one', 'g1')).toEqual([...contacts('c1'), ...users('u1', 'u2')]);
    expect(await directory.expandGroup('one', 'g1')).toMatchObject([{ id: 'u1' }, { id: 'u2' }]);
    const counts = { domain: 1, user: 2, contact: 0, group: 1, address: 3, member: 3 };
    expect(await directory.counts('one')).toEqual(counts);
    expect(await directory.findAddress('one', 'u1@contoso.example')).toMatchObject({
      entry: { id: 'u1' },
      acceptsMail: true,
    });
    expect((await directory.findAddress('one', '"A@B"@ä.example'))?.address.domain).toBe('ä.example');
  });

  it('goes on from there: a later round replaces, adds and sweeps, and records what it changed', async () => {
    const { database } = open(fillFirst);
    const directory = sqliteDirectory(database, { changes: true });
    const late = batch('user', [removed('u1')], { epoch: 2 });
    await expect(directory.apply(late)).rejects.toMatchObject({ code: 'conflict' });
    const round = { epoch: 3, generation: 4, sweep: true };
    expect(await directory.measure('one', 'user', 4)).toEqual({ stored: 2, stale: 2 });
    await directory.apply(batch('user', [upserted(user('u1'))], round));
    await directory.apply(batch('contact', [upserted(contact('c1'))], round));
    await directory.apply(batch('group', [upserted(group('g1', contacts('c1')))], round));
    expect(await directory.list('one', 'user')).toEqual([user('u1')]);
    expect(await directory.expandGroup('one', 'g1')).toEqual([contact('c1')]);
    const counts = { domain: 1, user: 1, contact: 1, group: 1, address: 3, member: 1 };
    expect(await directory.counts('one')).toEqual(counts);
    expect(await directory.changes('one')).toMatchObject([
      { verb: 'updated', id: 'u1', before: { licensed: false }, after: user('u1') },
      { verb: 'removed', id: 'u2' },
      { verb: 'created', id: 'c1' },
      { verb: 'updated', id: 'g1', members: { added: [], removed: ['u1', 'u2'] } },
    ]);
  });
});

it('a file of SQLite that is one version old keeps its users and its changes, and learns what their mailboxes are for', async () => {
  const path = join(temporaryFolder(), 'state.sqlite');
  const before = openSqlite({ path });
  const shared = batch('user', [upserted(user('u1', { mailboxKind: 'shared' })), upserted(user('u2'))]);
  await sqliteDirectory(before, { changes: true }).apply(shared);
  await before.close();
  const file = new DatabaseSync(path);
  file.exec('alter table directory_users drop column mailbox_kind; pragma user_version = 4');
  file.close();
  const database = openSqlite({ path });
  onTestFinished(() => database.close());
  await goesOn(sqliteDirectory(database, { changes: true }));
});

/** From `u1` and `u2` with kinds that an older version could not keep. */
async function goesOn(directory: SqlDirectory) {
  const unknown = { mailboxKind: undefined };
  expect(await directory.list('one', 'user')).toStrictEqual([user('u1', unknown), user('u2', unknown)]);
  expect(await directory.changes('one')).toMatchObject([{ id: 'u1' }, { id: 'u2' }]);
  await directory.apply(batch('user', [upserted(user('u1', { mailboxKind: 'room' }))]));
  expect(await directory.list('one', 'user')).toStrictEqual([
    user('u1', { mailboxKind: 'room' }),
    user('u2', unknown),
  ]);
  const [, , change] = await directory.changes('one');
  expect(change).toMatchObject({ verb: 'updated', after: { mailboxKind: 'room' } });
  expect(change?.before).not.toHaveProperty('mailboxKind');
}

describe('a schema of PostgreSQL that an older version made', () => {
  const server = testDatabase();

  it('keeps its records, and gets the tables of the directory', async () => {
    const schema = server.newSchema();
    const setPath = `create schema "${schema}"; set local search_path to "${schema}";`;
    const record = `insert into records (collection, id, value) values ('things', 'a', '1');`;
    await server.pool.query(`${setPath}${FIRST_POSTGRES}${record}`);
    const opened = await openPostgres({ pool: server.pool, schema });
    expect((await postgresStorage(opened).get('things', 'a'))?.value).toBe(1);
    const directory = postgresDirectory(opened);
    await directory.apply(batch('user', [upserted(user('u1'))]));
    expect(await directory.list('one', 'user')).toEqual([user('u1')]);
  });

  it('that is one version old keeps its users and its changes, and learns what their mailboxes are for', async () => {
    const schema = server.newSchema();
    const before = postgresDirectory(await openPostgres({ pool: server.pool, schema }), { changes: true });
    const shared = batch('user', [upserted(user('u1', { mailboxKind: 'shared' })), upserted(user('u2'))]);
    await before.apply(shared);
    await server.pool.query(
      `set local search_path to "${schema}"; alter table directory_users drop column mailbox_kind;
       delete from mailsphere_migrations where step = 3`,
    );
    const after = await openPostgres({ pool: server.pool, schema });
    await goesOn(postgresDirectory(after, { changes: true }));
  });
});

function open(fill: (file: DatabaseSync) => void) {
  const path = join(temporaryFolder(), 'state.sqlite');
  const file = new DatabaseSync(path);
  fill(file);
  file.close();
  const database = openSqlite({ path });
  onTestFinished(() => database.close());
  return { database };
}

function fillFirst(file: DatabaseSync): void {
  file.exec(`${FIRST_SQLITE}
    insert into records (collection, id, value) values ('things', 'a', '1');
    insert into directory_epochs values ('one', 3);
    insert into directory_domains values (1, 'one', 'contoso.example', 0, 0, 1, 1, 3);
    insert into directory_users values
      (1, 'one', 'u1', 'u1@contoso.example', 'u1', 'member', 1, 3),
      (2, 'one', 'u2', 'u2@contoso.example', null, 'guest', 0, 3);
    insert into directory_groups values (1, 'one', 'g1', 'g1', 'distribution', 3);
    insert into directory_addresses values
      (1, 'one', 'user', 1, 0, 'U1@Contoso.example', 'u1@contoso.example', 1),
      (2, 'one', 'user', 1, 1, '"a@b"@Ä.example', '"a@b"@ä.example', 0),
      (3, 'one', 'group', 1, 0, 'g1@contoso.example', 'g1@contoso.example', 1);
    insert into directory_members values (1, 'u1', 'user', 3), (1, 'u2', 'user', 3), (1, 'c1', 'contact', 3);
  `);
}
