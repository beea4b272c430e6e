import { describe, expect, it } from 'vitest';
import type { DirectoryBatch, DirectoryChange, DirectorySink, MemoryDirectory } from '../src/index.ts';
import { ConnectorError, memoryDirectory } from '../src/index.ts';
import { runSuite, testDirectorySink } from '../src/testing/index.ts';
import { directoryUnderTest } from './node/memory.ts';

type Apply = DirectorySink['apply'];

/** A batch with each of its changes rewritten. */
const rewritten = (
  batch: DirectoryBatch,
  change: (change: DirectoryChange) => DirectoryChange,
): DirectoryBatch => ({
  ...batch,
  changes: batch.changes.map(change),
});

const conflict = () => new ConnectorError('conflict', 'A later sync has written already.');

/** Whether a batch is of a lower epoch than one before it that has the same key. */
const lateBy = (keyOf: (batch: DirectoryBatch) => string) => {
  const highest = new Map<string, number>();
  return (batch: DirectoryBatch): boolean => {
    const before = highest.get(keyOf(batch)) ?? batch.epoch;
    highest.set(keyOf(batch), Math.max(before, batch.epoch));
    return batch.epoch < before;
  };
};

/** Refuses the batches that `isLate` says, and no others. */
const fenced =
  (sound: MemoryDirectory, isLate: (batch: DirectoryBatch) => boolean): Apply =>
  async (batch) => {
    if (isLate(batch)) throw conflict();
    await sound.apply({ ...batch, epoch: 1 });
  };

const removed = (id: string): DirectoryChange => ({ type: 'removed', id, reason: 'permanent' });

// What is wrong, how it is wrong, and the case that must notice.
const broken: readonly (readonly [string, (sound: MemoryDirectory) => Apply, string])[] = [
  [
    'the sweep is forgotten',
    (sound) => (batch) => sound.apply({ ...batch, sweep: false }),
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'every batch of a new round sweeps',
    (sound) => (batch) => sound.apply({ ...batch, sweep: batch.generation > 1 || batch.sweep }),
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'the sweep removes all that its own batch did not bring',
    (sound) => async (batch) => {
      await sound.apply(batch);
      if (!batch.sweep) return;
      const seen = new Set(
        batch.changes.map((change) => (change.type === 'removed' ? change.id : change.item.id)),
      );
      const gone = sound
        .entries(batch.connectionId)
        .filter(({ kind, id }) => kind === batch.kind && !seen.has(id));
      await sound.apply({ ...batch, sweep: false, changes: gone.map(({ id }) => removed(id)) });
    },
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'the sweep takes other kinds with it',
    (sound) => async (batch) => {
      await sound.apply(batch);
      if (!batch.sweep || batch.kind === 'domain') return;
      await sound.apply({ ...batch, kind: 'domain', changes: [] });
    },
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'the sweep takes other connections with it',
    (sound) => async (batch) => {
      await sound.apply(batch);
      if (batch.sweep) await sound.apply({ ...batch, connectionId: 'two', changes: [] });
    },
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'memberships survive the sweep',
    (sound) => async (batch) => {
      const groups = batch.sweep
        ? sound.entries(batch.connectionId).filter(({ kind }) => kind === 'group')
        : [];
      const before = groups.map(({ id }) => [id, sound.members(batch.connectionId, id)] as const);
      await sound.apply(batch);
      const left = sound.entries(batch.connectionId);
      for (const [id, added] of before) {
        const group = left.find((entry) => entry.kind === 'group' && entry.id === id);
        if (group?.kind !== 'group') continue;
        const item = { ...group, members: { added, removed: [] } };
        await sound.apply({ ...batch, sweep: false, changes: [{ type: 'upserted', item }] });
      }
    },
    'a sweep removes what the new round did not see, and nothing else',
  ],
  [
    'an older round stamps over a newer one',
    (sound) => {
      let latest = 0;
      return async (batch) => {
        // As if all rows had the stamp that was written last.
        latest = batch.sweep && latest < batch.generation ? latest : batch.generation;
        await sound.apply(batch);
        if (!batch.sweep || latest === batch.generation) return;
        await sound.apply({ ...batch, generation: batch.generation + 1, changes: [] });
      };
    },
    'a late batch of an older round does not make the sweep remove what the newer round saw',
  ],
  [
    'members are replaced instead of gathered',
    (sound) => async (batch) => {
      for (const change of batch.changes) {
        const before =
          change.type === 'upserted' && change.item.kind === 'group'
            ? sound.members(batch.connectionId, change.item.id).map(({ id }) => id)
            : [];
        await sound.apply({
          ...rewritten({ ...batch, changes: [change] }, (one) =>
            one.type === 'upserted' && one.item.kind === 'group'
              ? { ...one, item: { ...one.item, members: { ...one.item.members, removed: before } } }
              : one,
          ),
          sweep: false,
        });
      }
      if (batch.sweep) await sound.apply({ ...batch, changes: [] });
    },
    'members of a large group are gathered over its pages',
  ],
  [
    'members that left stay',
    (sound) => (batch) =>
      sound.apply(
        rewritten(batch, (one) =>
          one.type === 'upserted' && one.item.kind === 'group'
            ? { ...one, item: { ...one.item, members: { ...one.item.members, removed: [] } } }
            : one,
        ),
      ),
    'members of a large group are gathered over its pages',
  ],
  [
    'a group that comes back has its old members',
    (sound) => {
      const kept = new Map<string, ReturnType<MemoryDirectory['members']>>();
      return async (batch) => {
        for (const change of batch.changes)
          if (change.type === 'removed') kept.set(change.id, sound.members(batch.connectionId, change.id));
        await sound.apply(
          rewritten(batch, (one) => {
            if (one.type === 'removed' || one.item.kind !== 'group') return one;
            const added = [...(kept.get(one.item.id) ?? []), ...one.item.members.added];
            return { ...one, item: { ...one.item, members: { ...one.item.members, added } } };
          }),
        );
      };
    },
    'a group that is removed takes its members with it, also when it comes back',
  ],
  [
    'within a batch the first word holds',
    (sound) => (batch) => sound.apply({ ...batch, changes: batch.changes.toReversed() }),
    'within one batch the last word on an id holds',
  ],
  [
    'removals come after all the rest of the batch',
    (sound) => (batch) =>
      sound.apply({
        ...batch,
        changes: batch.changes.toSorted(
          (one, other) => Number(one.type === 'removed') - Number(other.type === 'removed'),
        ),
      }),
    'within one batch the last word on an id holds',
  ],
  [
    'what is removed stays',
    (sound) => (batch) =>
      sound.apply({ ...batch, changes: batch.changes.filter(({ type }) => type !== 'removed') }),
    'a removed user is gone, and is there again when it was restored',
  ],
  [
    'a recoverable removal is none',
    (sound) => (batch) =>
      sound.apply({
        ...batch,
        changes: batch.changes.filter(
          (change) => change.type !== 'removed' || change.reason !== 'recoverable',
        ),
      }),
    'a removed user is gone, and is there again when it was restored',
  ],
  [
    'what was removed once never comes back',
    (sound) => {
      const gone = new Set<string>();
      return (batch) => {
        for (const change of batch.changes) if (change.type === 'removed') gone.add(change.id);
        const changes = batch.changes.filter(
          (change) => change.type === 'removed' || !gone.has(change.item.id),
        );
        return sound.apply({ ...batch, changes });
      };
    },
    'a removed user is gone, and is there again when it was restored',
  ],
  [
    'addresses are gathered instead of replaced',
    (sound) => (batch) =>
      sound.apply(
        rewritten(batch, (one) => {
          if (one.type === 'removed' || one.item.kind !== 'user') return one;
          const { id, addresses } = one.item;
          const before = sound
            .entries(batch.connectionId)
            .find((entry) => entry.kind === 'user' && entry.id === id);
          const kept = before?.kind === 'user' ? before.addresses : [];
          const others = kept.filter(({ address }) => !addresses.some((now) => now.address === address));
          return { ...one, item: { ...one.item, addresses: [...addresses, ...others] } };
        }),
      ),
    'what is read again replaces what was there: names, and addresses that were taken away',
  ],
  [
    'the case of an address is lost',
    (sound) => (batch) =>
      sound.apply(
        rewritten(batch, (one) => {
          if (one.type === 'removed' || one.item.kind === 'domain') return one;
          const addresses = one.item.addresses.map((entry) => ({
            ...entry,
            address: entry.address.toLowerCase(),
          }));
          return { ...one, item: { ...one.item, addresses } };
        }),
      ),
    'an address that changed its case, and one that moved to another user, are taken over',
  ],
  [
    'connections share their entries',
    (sound) => (batch) => sound.apply({ ...batch, connectionId: 'one' }),
    'two connections with the same ids do not see each other',
  ],
  [
    'only the first 500 of a page are stored',
    (sound) => (batch) => sound.apply({ ...batch, changes: batch.changes.slice(0, 500) }),
    'a page of a thousand is stored whole',
  ],
  [
    'the second application of a batch fails',
    (sound) => {
      const seen = new Set<string>();
      return async (batch) => {
        const text = JSON.stringify(batch);
        if (seen.has(text)) throw new Error('UNIQUE constraint failed');
        seen.add(text);
        await sound.apply(batch);
      };
    },
    'a batch that is applied twice changes nothing',
  ],
  [
    'the epoch is ignored',
    (sound) => (batch) => sound.apply({ ...batch, epoch: 1 }),
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'a late batch is dropped without a word',
    (sound) => (batch) =>
      sound.apply(batch).catch((error: unknown) => {
        if (!ConnectorError.is(error, 'conflict')) throw error;
      }),
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'a late batch is stored before it is refused',
    (sound) => {
      const isLate = lateBy(({ connectionId }) => connectionId);
      return async (batch) => {
        await sound.apply({ ...batch, epoch: 1 });
        if (isLate(batch)) throw conflict();
      };
    },
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'each kind has an epoch of its own',
    (sound) =>
      fenced(
        sound,
        lateBy(({ connectionId, kind }) => `${connectionId}/${kind}`),
      ),
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'the epoch only counts within a round',
    (sound) =>
      fenced(
        sound,
        lateBy(({ connectionId, generation }) => `${connectionId}/${generation}`),
      ),
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'each epoch has room for one batch',
    (sound) => {
      let last = 0;
      return fenced(sound, ({ epoch }) => {
        // Epoch 1 is that of all other cases.
        const isLate = epoch > 1 && epoch <= last;
        last = Math.max(last, epoch);
        return isLate;
      });
    },
    'the process that took over goes on, batch after batch, whatever was refused meanwhile',
  ],
  [
    'a refused batch brings its own epoch back',
    (sound) => {
      const last = new Map<string, number>();
      return fenced(sound, ({ connectionId, epoch }) => {
        const isLate = epoch < (last.get(connectionId) ?? 0);
        last.set(connectionId, epoch);
        return isLate;
      });
    },
    'a process that lost its place to another one changes nothing any more',
  ],
  [
    'a batch without changes has no epoch',
    (sound) => {
      const isLate = lateBy(({ connectionId }) => connectionId);
      return fenced(sound, (batch) => batch.changes.length > 0 && isLate(batch));
    },
    'a batch without changes takes over as well',
  ],
  [
    'all connections share one epoch',
    (sound) =>
      fenced(
        sound,
        lateBy(() => ''),
      ),
    'one connection that is synced often does not keep another one from being synced',
  ],
];

describe('testDirectorySink', () => {
  it.each(broken)('notices that %s', async (_, breakIt, name) => {
    const results = await runSuite((runner) =>
      testDirectorySink(runner, async () => {
        const sound = memoryDirectory();
        return { ...directoryUnderTest(sound), sink: { ...sound, apply: breakIt(sound) } };
      }),
    );
    expect(results.filter(({ error }) => error !== undefined).map((result) => result.name)).toContain(name);
  });

  const restarted = async (reopen: (before: MemoryDirectory) => Promise<MemoryDirectory>) => {
    let last = memoryDirectory();
    const results = await runSuite((runner) =>
      testDirectorySink(
        runner,
        async () => {
          last = memoryDirectory();
          return directoryUnderTest(last);
        },
        { reopen: async () => directoryUnderTest(await reopen(last)) },
      ),
    );
    return results.filter(({ error }) => error !== undefined).map(({ name }) => name);
  };

  it('notices that nothing is left after a restart', async () => {
    expect(await restarted(async () => memoryDirectory())).toEqual([
      'what was applied is there after a restart',
      'a process that lost its place is refused after a restart as well',
    ]);
  });

  it('notices that the epoch is forgotten at a restart', async () => {
    const withoutEpoch = async (before: MemoryDirectory) => {
      const after = memoryDirectory();
      for (const entry of before.entries('one')) {
        const { kind, id } = entry;
        const item =
          kind === 'group' ? { ...entry, members: { added: before.members('one', id), removed: [] } } : entry;
        await after.apply({
          connectionId: 'one',
          kind,
          generation: 1,
          epoch: 1,
          changes: [{ type: 'upserted', item }],
          sweep: false,
        });
      }
      return after;
    };
    expect(await restarted(withoutEpoch)).toEqual([
      'a process that lost its place is refused after a restart as well',
    ]);
    expect(await restarted(async (before) => before)).toEqual([]);
  });
});
