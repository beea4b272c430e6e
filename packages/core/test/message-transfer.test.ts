import { describe, expect, it } from 'vitest';
import { ConnectorError } from '../src/index.ts';
import { connect, createHost } from './host.ts';

const MINUTE = 60_000;
const broken = () => {
  throw new ConnectorError('item_failed', 'broken', { serviceCode: '500' });
};

/** A mailbox whose folders are listed, and what was asked of each message. */
async function listed(folders: Record<string, number>) {
  const host = createHost({});
  host.service.addMailbox('m1', folders);
  const id = await connect(host.connector);
  await host.connector.run({ kind: 'mail.plan', connectionId: id });
  const slice = () =>
    host.connector
      .run({ kind: 'mail.backfill', connectionId: id, mailboxId: 'm1' })
      .then(({ status }) => status === 'completed')
      .catch((error: unknown) => {
        if (ConnectorError.is(error, 'item_failed')) return false;
        throw error;
      });
  await slice();
  const asked = new Map<string, number>();
  let fails = (_messageId: string): boolean => false;
  host.service.onContent = ({ messageId }) => {
    asked.set(messageId, (asked.get(messageId) ?? 0) + 1);
    if (fails(messageId)) broken();
  };
  const failures = () => Array.fromAsync(host.connector.mail.failures(id, 'm1'));
  return {
    ...host,
    slice,
    failures,
    asked: (messageId: string) => asked.get(messageId) ?? 0,
    failWhere: (which: (messageId: string) => boolean) => {
      fails = which;
    },
    /** Until the round is over, as an engine that rests between failures. */
    async finish() {
      for (let slices = 1; !(await slice()); slices++) {
        if (slices > 50) throw new Error('The round does not end.');
        await host.clock.advance(MINUTE);
      }
    },
  };
}

describe('a message that never comes is asked for three times, and then the others go on without it', () => {
  it('among others that come', async () => {
    const host = await listed({ inbox: 9 });
    host.failWhere((id) => id === 'm1-inbox-4');
    expect(await host.slice()).toBe(true);
    expect(host.asked('m1-inbox-4')).toBe(3);
    expect(await host.failures()).toMatchObject([{ messageId: 'm1-inbox-4', attempts: 3, deferrals: 1 }]);
  });

  it('alone in a folder that is read first', async () => {
    const host = await listed({ inbox: 1, sent: 1 });
    host.failWhere((id) => id.startsWith('m1-inbox'));
    await host.finish();
    expect(host.asked('m1-inbox-0')).toBe(3);
    expect(await host.failures()).toMatchObject([{ attempts: 3, deferrals: 1 }]);
  });

  it('alone in its mailbox, the last time ten minutes later', async () => {
    const host = await listed({ inbox: 1 });
    host.failWhere(() => true);
    const began = host.clock.now();
    await host.finish();
    expect(host.asked('m1-inbox-0')).toBe(3);
    expect(host.clock.now() - began).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(await host.failures()).toMatchObject([{ attempts: 3, deferrals: 1 }]);
  });

  it('new in a folder whose messages are archived, and at once', async () => {
    const host = await listed({ inbox: 5 });
    await host.finish();
    host.service.addMessages('m1', 'inbox', 1);
    host.failWhere((id) => id === 'm1-inbox-5');
    await host.connector.run({
      kind: 'mail.plan',
      connectionId: (await host.connector.workload())[0]?.connectionId ?? '',
    });
    const began = host.clock.now();
    await host.finish();
    expect(host.clock.now() - began).toBeLessThan(2 * MINUTE);
    expect(host.asked('m1-inbox-5')).toBe(3);
    expect(await host.failures()).toMatchObject([{ messageId: 'm1-inbox-5', deferrals: 1 }]);
  });

  it('in a cluster of many, in one slice', async () => {
    const host = await listed({ inbox: 60 });
    const isBad = (id: string) => Number(id.split('-').at(-1)) >= 20 && Number(id.split('-').at(-1)) < 40;
    host.failWhere(isBad);
    expect(await host.slice()).toBe(true);
    const failures = await host.failures();
    expect(failures).toHaveLength(20);
    for (const { messageId, attempts } of failures) {
      expect(isBad(messageId)).toBe(true);
      expect(attempts).toBe(3);
      expect(host.asked(messageId)).toBe(3);
    }
  });
});

describe('an outage is no message’s fault', () => {
  it('however long it lasts, where a message was archived before', async () => {
    const host = await listed({ inbox: 5 });
    await host.finish();
    host.service.addMessages('m1', 'inbox', 2);
    await host.connector.run({
      kind: 'mail.plan',
      connectionId: (await host.connector.workload())[0]?.connectionId ?? '',
    });
    host.failWhere(() => true);
    for (let minutes = 0; minutes < 120; minutes += 10) {
      expect(await host.slice()).toBe(false);
      await host.clock.advance(10 * MINUTE);
    }
    expect(host.asked('m1-inbox-6')).toBeLessThanOrEqual(2);
    host.failWhere(() => false);
    expect(await host.slice()).toBe(true);
    expect(await host.failures()).toEqual([]);
  });

  it('when it begins after some have come', async () => {
    const host = await listed({ inbox: 20 });
    let calls = 0;
    host.failWhere(() => ++calls > 17);
    expect(await host.slice()).toBe(false);
    expect((await host.failures()).every(({ deferrals }) => deferrals === 0)).toBe(true);
    host.failWhere(() => false);
    expect(await host.slice()).toBe(true);
    expect(await host.failures()).toEqual([]);
  });
});
