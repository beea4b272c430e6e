import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DirectoryChange } from '../src/index.ts';
import { group, removed, upserted, user } from '../src/testing/sample-directory.ts';
import { connect, createHost } from './host.ts';

const names = (count: number, prefix = 'u') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('a mass removal', () => {
  let host: ReturnType<typeof createHost>;
  let id: string;
  const stored = (kind = 'user') =>
    host.directory
      .entries(id)
      .filter((entry) => entry.kind === kind)
      .map((entry) => entry.id);
  const change = (...changes: readonly DirectoryChange[]) => host.service.directory.user.add(...changes);
  const sync = async (options?: { allowRemovals: boolean }) => {
    await host.clock.advance(1000);
    return host.connector.directory.sync(id, options);
  };

  beforeEach(async () => {
    host = createHost();
    id = await connect(host.connector);
    change(...names(100).map((name) => upserted(user(name))));
    await sync();
  });

  it('is held as a whole, with an event, while everything else of the run is applied', async () => {
    const held = vi.fn();
    host.connector.events.on('directory.held', held);
    change(...names(60).map(removed), upserted(user('new')));
    const run = await sync();
    expect(run).toMatchObject({
      outcome: 'held',
      held: { user: { removals: 60, stored: 101 } },
      counts: { user: { upserted: 1, removed: 0 } },
    });
    expect(stored()).toHaveLength(101);
    expect(held).toHaveBeenCalledExactlyOnceWith({ run });
  });

  it('goes exactly as far as it was let through', async () => {
    change(...names(60).map(removed));
    await sync();
    const run = await sync({ allowRemovals: true });
    expect(run).toMatchObject({ outcome: 'completed', held: {}, counts: { user: { removed: 60 } } });
    expect(stored()).toEqual(names(100).slice(60));
    expect(await host.storage.list('removal-chunks')).toEqual([]);
    // The permission was for that run: the next mass removal is held again.
    change(...names(100).slice(60, 95).map(removed));
    expect((await sync()).outcome).toBe('held');
  });

  it('is held on through later runs and a restart, and ends when the entries come back', async () => {
    change(...names(60).map(removed));
    await sync();
    change(removed('u60'));
    const later = await host.create().directory.sync(id);
    expect(later.held.user).toEqual({ removals: 61, stored: 100 });
    change(...names(50).map((name) => upserted(user(name))));
    // What is left of it is not released because it is little.
    expect(await sync()).toMatchObject({ outcome: 'held', held: { user: { removals: 11, stored: 100 } } });
    change(...names(61).map((name) => upserted(user(name))));
    expect(await sync()).toMatchObject({ outcome: 'completed', counts: { user: { removed: 0 } } });
    expect(stored()).toHaveLength(100);
    change(removed('u1'));
    expect((await sync()).counts.user.removed).toBe(1);
  });

  it('that a full read finds is held, too: what it did not list again stays', async () => {
    host.service.directory.user.replace(names(40).map((name) => upserted(user(name))));
    const run = await sync();
    expect(run).toMatchObject({
      outcome: 'held',
      full: ['user'],
      held: { user: { removals: 60, stored: 100 } },
    });
    expect(stored()).toHaveLength(100);
    expect((await sync()).held.user).toEqual({ removals: 60, stored: 100 });
    const through = await sync({ allowRemovals: true });
    expect(through.counts.user.removed).toBe(60);
    expect(stored().sort()).toEqual(names(40).sort());
  });

  it.each([
    ['few of many', 100, 10],
    ['all of few', 20, 20],
  ])('of %s is none', async (_name, count, removals) => {
    host.service.directory.user.replace(names(count).map((name) => upserted(user(name))));
    await sync({ allowRemovals: true });
    change(...names(removals).map(removed));
    expect((await sync()).outcome).toBe('completed');
    expect(stored()).toHaveLength(count - removals);
  });

  it('is what the host says it is', async () => {
    const lenient = host.create(host.clock, { directorySync: { threshold: { share: 1 } } });
    change(...names(60).map(removed));
    expect((await lenient.directory.sync(id)).outcome).toBe('completed');
    const strict = host.create(host.clock, { directorySync: { threshold: { share: 0, count: 2 } } });
    change(...names(63).slice(60).map(removed));
    await host.clock.advance(1000);
    expect((await strict.directory.sync(id)).outcome).toBe('held');
  });

  it('is not what the first read tells of entries that were never there', async () => {
    const fresh = createHost();
    const connection = await connect(fresh.connector);
    fresh.service.directory.user.add(...names(50).map(removed), upserted(user('only')));
    expect((await fresh.connector.directory.sync(connection)).outcome).toBe('completed');
  });
});

describe('a full read that left half of the groups out by mistake', () => {
  it('takes none of them and none of their members, whatever is told of some of them afterwards', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const { directory } = host.connector;
    const groups = host.service.directory.group;
    const all = names(60, 'g');
    const list = (name: string) => upserted(group(name, { added: ['a', 'b'] }));
    groups.add(...all.map(list));
    await directory.sync(id);
    groups.replace(all.slice(30).map(list));
    await host.clock.advance(1000);
    expect((await directory.sync(id)).held.group).toEqual({ removals: 30, stored: 60 });
    groups.replace(all.map(list));
    groups.add(...all.slice(0, 10).map((name) => upserted(group(name, { displayName: 'renamed' }))));
    await host.clock.advance(1000);
    expect(await directory.sync(id)).toMatchObject({
      outcome: 'completed',
      counts: { group: { removed: 0 } },
    });
    for (const name of all) expect(host.directory.members(id, name)).toHaveLength(2);
  });
});

describe('removals wait for the end of their round', () => {
  it('so that an entry that comes back on a later page is never gone', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(upserted(user('a')), upserted(user('b')));
    await host.connector.directory.sync(id);
    const seen: string[][] = [];
    const { apply } = host.directory;
    host.directory.apply = async (batch) => {
      await apply(batch);
      seen.push(host.directory.entries(id).map((entry) => entry.id));
    };
    const fill = names(5, 'x').map((name) => upserted(user(name)));
    host.service.directory.user.add(removed('a'), ...fill, upserted(user('a', 'back')));
    await host.clock.advance(1000);
    await host.connector.directory.sync(id);
    expect(seen.every((ids) => ids.includes('a'))).toBe(true);
  });

  it('but a group that comes back has the members that it has then, and no others', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const groups = host.service.directory.group;
    groups.add(upserted(group('g', { added: ['old', 'kept'] })));
    await host.connector.directory.sync(id);
    const fill = names(5, 'x').map((name) => upserted(group(name)));
    groups.add(removed('g'), ...fill, upserted(group('g', { added: ['kept'] })));
    await host.clock.advance(1000);
    await host.connector.directory.sync(id);
    expect(host.directory.members(id, 'g').map((member) => member.id)).toEqual(['kept']);
  });

  it('also when the sink fails once, while the group comes back', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const groups = host.service.directory.group;
    groups.add(upserted(group('g', { added: ['old', 'kept'] })));
    await host.connector.directory.sync(id);
    const threshold = { threshold: { share: 0, count: 0 } };
    const strict = host.create(host.clock, { directorySync: threshold });
    groups.add(removed('g'));
    await host.clock.advance(1000);
    expect((await strict.directory.sync(id)).outcome).toBe('held');
    groups.add(upserted(group('g', { added: ['kept'] })));
    const { apply } = host.directory;
    host.directory.apply = async () => {
      throw new Error('the disk is full');
    };
    await host.clock.advance(1000);
    await expect(strict.directory.sync(id)).rejects.toThrow();
    host.directory.apply = apply;
    await host.clock.advance(60_000);
    await strict.directory.sync(id);
    expect(host.directory.members(id, 'g').map((member) => member.id)).toEqual(['kept']);
  });

  it('and survive a crash between any two steps of it', async () => {
    for (let step = 1; step <= 25; step++) {
      const host = createHost();
      const id = await connect(host.connector);
      const users = host.service.directory.user;
      users.add(...names(12).map((name) => upserted(user(name))));
      await host.connector.directory.sync(id);
      users.add(
        removed('u1'),
        upserted(user('new')),
        removed('u2'),
        removed('u3'),
        upserted(user('u3', 'back')),
      );
      await host.clock.advance(1000);
      let calls = 0;
      const { put, delete: remove } = host.storage;
      const { apply } = host.directory;
      const crash = () => {
        if (++calls === step) throw new Error('killed');
      };
      host.storage.put = async (...of) => {
        crash();
        return put(...of);
      };
      host.storage.delete = async (...of) => {
        crash();
        return remove(...of);
      };
      host.directory.apply = async (...of) => {
        crash();
        return apply(...of);
      };
      await host.connector.directory.sync(id).catch(() => undefined);
      Object.assign(host.storage, { put, delete: remove });
      host.directory.apply = apply;
      await host.clock.advance(60_000);
      await host.create().directory.sync(id);
      const found = host.directory
        .entries(id)
        .map((entry) => entry.id)
        .sort();
      const expected = [...names(12), 'new'].filter((name) => name !== 'u1' && name !== 'u2').sort();
      expect(found, `step ${step}`).toEqual(expected);
      expect(await host.storage.list('removal-chunks'), `step ${step}`).toEqual([]);
    }
  });
});

describe('a full read', () => {
  it('finds once a week what changes alone did not tell', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const users = host.service.directory.user;
    users.add(upserted(user('a')), upserted(user('lost')));
    await host.connector.directory.sync(id);
    users.lose('lost');
    const day = 24 * 3600_000;
    for (let days = 1; days < 7; days++) {
      await host.clock.advance(day);
      expect((await host.connector.directory.sync(id)).full).not.toContain('user');
    }
    await host.clock.advance(day);
    const run = await host.connector.directory.sync(id);
    expect(run.full).toContain('user');
    expect(run.counts.user).toEqual({ upserted: 1, removed: 1 });
    expect(host.directory.entries(id).map((entry) => entry.id)).toEqual(['a']);
    await host.clock.advance(day);
    expect((await host.connector.directory.sync(id)).full).not.toContain('user');
  });
});

describe('a run', () => {
  it('that its caller stops leaves a record', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(upserted(user('a')));
    const stop = new AbortController();
    host.service.onDirectory = () => stop.abort(new Error('enough'));
    await expect(host.connector.directory.sync(id, { signal: stop.signal })).rejects.toThrow();
    expect(await host.connector.directory.runs(id)).toMatchObject([{ outcome: 'stopped' }]);
  });

  it('that fails later tells all the same what it held', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const users = host.service.directory.user;
    users.add(...names(60).map((name) => upserted(user(name))));
    await host.connector.directory.sync(id);
    users.add(...names(60).map(removed));
    const held = vi.fn();
    host.connector.events.on('directory.held', held);
    host.service.onDirectory = (kind) => {
      if (kind === 'group') throw new Error('out of order');
    };
    await host.clock.advance(1000);
    await expect(host.connector.directory.sync(id)).rejects.toThrow();
    expect(held).toHaveBeenCalledOnce();
  });
});

describe('a preview', () => {
  it('tells what a sync would do, and touches nothing', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const users = host.service.directory.user;
    users.add(...names(100).map((name) => upserted(user(name))));
    expect(await host.connector.directory.preview(id)).toMatchObject({
      full: ['domain', 'user', 'contact', 'group'],
      counts: { user: { upserted: 100, removed: 0 } },
      held: {},
    });
    expect(host.directory.entries(id)).toEqual([]);
    await host.connector.directory.sync(id);
    users.add(...names(60).map(removed), upserted(user('u5', 'back')), upserted(user('new')));
    const before = JSON.stringify([host.directory.entries(id), await host.storage.list('checkpoints')]);
    const preview = await host.connector.directory.preview(id);
    expect(preview).toMatchObject({
      counts: { user: { upserted: 2, removed: 59 } },
      held: { user: { removals: 59, stored: 100 } },
    });
    expect(JSON.stringify([host.directory.entries(id), await host.storage.list('checkpoints')])).toBe(before);
    await host.clock.advance(1000);
    expect((await host.connector.directory.sync(id)).held.user?.removals).toBe(59);
  });
});
