import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../src/checkpoint.ts';
import { ConnectorError, memoryStorage } from '../src/index.ts';
import { createRecords } from '../src/records.ts';
import { syncStream } from '../src/sync-stream.ts';
import { type ChangeLog, createChangeLog } from './scripted-provider.ts';

type Item = { readonly id: string; readonly value: number };

function sink() {
  const rows = new Map<string, { value: number; generation: number }>();
  return {
    rows,
    values: () => Object.fromEntries([...rows].map(([id, { value }]) => [id, value]).sort()),
    apply(items: readonly Item[], { generation, sweep }: { generation: number; sweep: boolean }) {
      for (const { id, value } of items) rows.set(id, { value, generation });
      if (sweep) for (const [id, row] of rows) if (row.generation < generation) rows.delete(id);
      return { seen: items.length };
    },
  };
}

const setup = (log: ChangeLog<Item>) => {
  const storage = memoryStorage();
  const checkpoints = createRecords<Checkpoint>(storage, 'checkpoints');
  const target = sink();
  const sync = (
    hooks: {
      beforeApply?: () => void;
      afterApply?: () => void;
      stop?: () => boolean;
      signal?: AbortSignal;
    } = {},
  ) =>
    syncStream<Item>({
      checkpoints,
      checkpointId: 'stream',
      read: (cursor) => log.pages(cursor),
      async apply(items, round) {
        hooks.beforeApply?.();
        const counts = target.apply(items, round);
        hooks.afterApply?.();
        return counts;
      },
      shouldStop: hooks.stop ?? (() => false),
      signal: hooks.signal ?? new AbortController().signal,
    });
  return { checkpoints, target, sync };
};

const items = (count: number, from = 0): Item[] =>
  Array.from({ length: count }, (_, index) => ({ id: `i${from + index}`, value: from + index }));

describe('the loop of page, sink and checkpoint', () => {
  it('brings every item, and on the next call only what is new', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(10));
    const { target, sync, checkpoints } = setup(log);
    expect(await sync()).toBe('caught_up');
    expect(target.rows.size).toBe(10);

    log.add({ id: 'i3', value: 33 }, ...items(1, 10));
    await sync();
    expect(target.values()).toMatchObject({ i3: 33, i10: 10 });
    expect((await checkpoints.get('stream'))?.value).toMatchObject({
      generation: 1,
      caughtUp: true,
      counts: { seen: 12 },
    });
  });

  it('repeats a page and loses none when it is cut off between sink and checkpoint, at every page', async () => {
    for (let page = 1; page <= 4; page++) {
      const log = createChangeLog<Item>();
      log.add(...items(10));
      const { target, sync, checkpoints } = setup(log);
      let applied = 0;
      const cut = () => {
        if (++applied === page) throw new Error('cut off');
      };
      await expect(sync({ afterApply: cut })).rejects.toThrow('cut off');
      await sync();
      expect(target.rows.size).toBe(10);
      // The page that was cut off was not counted: counts move with the cursor only.
      expect((await checkpoints.get('stream'))?.value.counts).toEqual({ seen: 10 });
    }
  });

  it('removes what no longer exists when the service forgot the cursor and everything was read again', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(7));
    const { target, sync } = setup(log);
    await sync();
    target.rows.set('vanished', { value: 0, generation: 1 });
    log.forgetCursors();
    await sync();
    expect(target.values()).toEqual(Object.fromEntries(items(7).map(({ id, value }) => [id, value])));
    expect([...target.rows.values()].every(({ generation }) => generation === 2)).toBe(true);
  });

  it('goes on after a forgotten cursor in the middle of a round', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(10));
    const { target, sync } = setup(log);
    await sync({ stop: () => true });
    log.forgetCursors();
    expect(await sync()).toBe('caught_up');
    expect(target.rows.size).toBe(10);
  });

  it('gives up on a service that forgets every cursor at once, instead of reading for ever', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(10));
    const { sync } = setup(log);
    await expect(sync({ beforeApply: () => log.forgetCursors() })).rejects.toMatchObject({
      code: 'cursor_expired',
    });
  });

  it('lets the second of two processes lose without moving the cursor', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(10));
    const { target, sync } = setup(log);
    const ends = await Promise.allSettled([sync(), sync()]);
    const lost = ends.filter((end) => end.status === 'rejected');
    expect(lost).toHaveLength(1);
    expect(ConnectorError.is(lost[0]?.reason, 'conflict')).toBe(true);
    expect(target.rows.size).toBe(10);
  });

  it('stops between pages and goes on from there', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(9));
    const { target, sync } = setup(log);
    const sizes: number[] = [];
    while ((await sync({ stop: () => true })) === 'stopped') sizes.push(target.rows.size);
    expect(sizes).toEqual([3, 6]);
    expect(target.rows.size).toBe(9);
  });

  it('ends with the reason of its signal, and moves no cursor afterwards', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(9));
    const { sync, checkpoints } = setup(log);
    const abort = new AbortController();
    await expect(
      sync({ signal: abort.signal, afterApply: () => abort.abort(new Error('stop now')) }),
    ).rejects.toThrow('stop now');
    expect((await checkpoints.get('stream'))?.value.cursor).toBeUndefined();
  });

  it('removes who went between the first page of a full read that died and the next try', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(5));
    const { target, sync } = setup(log);
    const die = () => {
      throw new Error('killed');
    };
    await expect(sync({ afterApply: die })).rejects.toThrow('killed');
    log.lose('i1');
    await sync();
    expect(Object.keys(target.values())).toEqual(['i0', 'i2', 'i3', 'i4']);
  });

  it('leaves no rejection behind that would end the process, when storing fails while a page is fetched', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const checkpoints = createRecords<Checkpoint>(memoryStorage(), 'checkpoints');
    const failing = syncStream<Item>({
      checkpoints,
      checkpointId: 'stream',
      async *read(_cursor, signal) {
        yield { changes: items(1), cursor: '1', caughtUp: false };
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
        });
      },
      async apply() {
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('the disk is full');
      },
      shouldStop: () => false,
      signal: new AbortController().signal,
    });
    await expect(failing).rejects.toThrow('the disk is full');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('puts pages together that come while one is stored, up to what it may', async () => {
    const log = createChangeLog<Item>();
    log.add(...items(30));
    const sizes: number[] = [];
    const checkpoints = createRecords<Checkpoint>(memoryStorage(), 'checkpoints');
    await syncStream<Item>({
      checkpoints,
      checkpointId: 'stream',
      read: (cursor) => log.pages(cursor),
      async apply(changes) {
        sizes.push(changes.length);
        await new Promise((resolve) => setImmediate(resolve));
        return {};
      },
      atOnce: 10,
      shouldStop: () => false,
      signal: new AbortController().signal,
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(30);
    expect(sizes.length).toBeLessThan(6);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(12);
  });

  it('ends equal to the service after any history of changes, cuts and forgotten cursors', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('change' as const),
        id: fc.integer({ min: 0, max: 9 }),
        value: fc.nat(),
      }),
      fc.record({ kind: fc.constant('sync' as const), cutBefore: fc.nat(4), cutAfter: fc.nat(4) }),
      fc.record({ kind: fc.constant('forget' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const log = createChangeLog<Item>(2);
        const model = new Map<string, number>();
        const { target, sync } = setup(log);
        for (const each of steps) {
          if (each.kind === 'change') {
            log.add({ id: `i${each.id}`, value: each.value });
            model.set(`i${each.id}`, each.value);
          } else if (each.kind === 'forget') log.forgetCursors();
          else {
            let before = each.cutBefore;
            let after = each.cutAfter;
            await sync({
              beforeApply: () => {
                if (before-- === 1) throw new Error('cut off');
              },
              afterApply: () => {
                if (after-- === 1) throw new Error('cut off');
              },
            }).catch(() => {});
          }
        }
        await sync();
        expect(target.values()).toEqual(Object.fromEntries([...model].sort()));
      }),
      { numRuns: 300 },
    );
  });
});
