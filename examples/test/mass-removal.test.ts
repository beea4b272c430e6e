import { createConnector, type DirectoryRun, memoryArchive } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { fetchTransport, office365 } from '@mailsphere/office365';
import { createSimulator } from '@mailsphere/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activeConnection, BASE_URL } from './active-connection.ts';
import { type DirectoryCopy, storedCopy, tenantCopy } from './directory-copy.ts';
import { type OpenedStorage, storages } from './storages.ts';

const SIZE = 200;
const REMOVED = 120;

/** A host whose customer has a tenant of 200 users and 200 groups, all of it synchronised. */
async function createHost({ storage, directory }: OpenedStorage) {
  const clock = virtualClock();
  const simulator = createSimulator({ clock, tenants: [{ name: 'contoso', users: SIZE, groups: SIZE }] });
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const { clientId, secret } = simulator.app;
  const transport = fetchTransport((request) => simulator.fetch(request));
  const connector = createConnector({
    providers: [office365({ clientId, credential: { secret }, transport, clock, random: () => 0.5 })],
    storage,
    directory,
    archive: memoryArchive(),
    baseUrl: BASE_URL,
    hooks: { authorize: () => 'user-1' },
    clock,
  });
  const id = await activeConnection(connector, tenant, (request) => simulator.fetch(request));
  const told: DirectoryRun[] = [];
  connector.events.on('directory.held', ({ run }) => void told.push(run));
  const sync = async (options?: { readonly allowRemovals: boolean }) => {
    await clock.advance(60_000);
    return connector.directory.sync(id, options);
  };
  const first = await sync();
  expect(first.outcome).toBe('completed');
  return {
    simulator,
    tenant,
    told,
    sync,
    preview: () => connector.directory.preview(id),
    runs: () => connector.directory.runs(id),
    stored: () => storedCopy(directory, id),
    /** Who has an address, by what is stored. */
    find: async (address: string) => (await directory.findAddress(id, address))?.entry.id,
    close: () => connector.close(),
  };
}
type Host = Awaited<ReturnType<typeof createHost>>;

type How = 'soft' | 'hard';

const kinds = [
  {
    kind: 'user',
    ids: ({ tenant: { users, administrator } }: Host) =>
      users.filter((user) => user.userPrincipalName !== administrator.username).map(({ id }) => id),
    remove: ({ simulator, tenant }: Host, id: string, how: How) => simulator.removeUser(tenant.id, id, how),
    restore: ({ simulator, tenant }: Host, id: string) => simulator.restoreUser(tenant.id, id),
    restored: 3,
    addressOf: (copy: DirectoryCopy, id: string) => copy.users.find((user) => user.id === id)?.addresses[0],
  },
  {
    kind: 'group',
    ids: ({ tenant: { groups } }: Host) => groups.map(({ id }) => id),
    remove: ({ simulator, tenant }: Host, id: string, how: How) => simulator.removeGroup(tenant.id, id, how),
    // Most kinds of groups cannot be brought back.
    restore: () => undefined,
    restored: 0,
    addressOf: (copy: DirectoryCopy, id: string) =>
      copy.groups.find((group) => group.id === id)?.addresses[0],
  },
] as const;

/** Each kind goes in both ways: with a word of the service, and without one, which only a full read can find. */
const cases = kinds.flatMap((kind) => [
  { ...kind, name: `${kind.kind}s that the service reports gone`, silent: false },
  { ...kind, name: `${kind.kind}s that a full read does not find again`, silent: true },
]);

/** That somebody is no longer in a group is believed: it takes no entry away. */
const withoutMembers = (copy: DirectoryCopy, gone: readonly string[]): DirectoryCopy => ({
  ...copy,
  groups: copy.groups.map((group) => ({
    ...group,
    members: group.members.filter((id) => !gone.includes(id)),
  })),
});

describe.each(storages)('on $name, 60 percent', ({ open }) => {
  let opened: OpenedStorage;
  let host: Host;
  beforeEach(async () => {
    opened = await open();
    host = await createHost(opened);
  });
  afterEach(async () => {
    await host.close();
    await opened.close();
  });

  it.each(cases)(
    'of the $name stay until somebody lets them go, and then only those still gone go',
    async (of) => {
      const { kind, remove, restore, restored, silent } = of;
      const before = await host.stored();
      expect(before).toEqual(tenantCopy(host.tenant));
      const gone = of.ids(host).slice(-REMOVED);
      // What is to come back can only be told as gone, never be silent.
      gone.forEach((id, index) => {
        remove(host, id, silent && index >= restored ? 'hard' : 'soft');
      });
      if (silent) host.simulator.expireTokens(host.tenant.id, 'directory');

      const held = { [kind]: { removals: REMOVED, stored: SIZE } };
      const runs: DirectoryRun[] = [];
      // What a full read did not find is looked for again each time.
      for (const full of [silent ? ['user', 'contact', 'group'] : [], silent ? [kind] : []]) {
        const run = await host.sync();
        runs.push(run);
        expect(run).toMatchObject({ outcome: 'held', held, counts: { [kind]: { removed: 0 } } });
        expect(run.full.filter((each) => each !== 'domain')).toEqual(full);
        expect(await host.stored()).toEqual(withoutMembers(before, gone));
        expect(host.told).toEqual(runs);
        expect((await host.runs()).slice(0, runs.length).reverse()).toEqual(runs);
      }
      const [last = ''] = gone.slice(-1);
      const address = of.addressOf(before, last);
      if (address !== undefined) expect(await host.find(address)).toBe(last);

      const [back, stillGone] = [gone.slice(0, restored), gone.slice(restored)];
      for (const id of back) restore(host, id);
      const preview = await host.preview();
      const through = await host.sync({ allowRemovals: true });
      expect(through).toMatchObject({
        outcome: 'completed',
        held: {},
        counts: { [kind]: { removed: stillGone.length } },
      });
      expect(await host.stored()).toEqual(tenantCopy(host.tenant));
      const ids = (await host.stored())[`${kind}s`].map(({ id }) => id);
      expect(ids).toHaveLength(SIZE - stillGone.length);
      expect(ids).toEqual(expect.arrayContaining(back));
      if (address !== undefined) expect(await host.find(address)).toBeUndefined();
      expect(host.told).toHaveLength(2);
      expect((await host.runs()).map(({ outcome }) => outcome)).toEqual([
        'completed',
        'held',
        'held',
        'completed',
      ]);
      expect(preview.counts[kind].removed, 'the preview').toBe(stillGone.length);
      expect(preview.held[kind], 'the preview').toEqual({ removals: stillGone.length, stored: SIZE });
    },
  );
});
