import { describe, expect, it, vi } from 'vitest';
import { ConnectorError, type ConnectorOptions, type MessageRef } from '../src/index.ts';
import { connect, createHost } from './host.ts';

const DAY = 24 * 3600_000;
const TENANT = '0b8a7f0e-0000-4000-8000-000000000001';

/** A mailbox whose existing mail has been brought. */
async function archived(folders: Record<string, number>, mailSync: ConnectorOptions['mailSync'] = {}) {
  const host = createHost();
  const mailbox = host.service.addMailbox('m1', folders);
  const id = await connect(host.connector);
  let connector = host.create(host.clock, { mailSync });
  const finish = async () => {
    const task = { kind: 'mail.backfill', connectionId: id, mailboxId: 'm1' } as const;
    for (;;) {
      const { status } = await connector.run(task);
      if (status === 'completed') return;
      // A process that died holds its lease for a while.
      if (status === 'busy') await host.clock.advance(15_000);
    }
  };
  /** What the scheduler does the next day. */
  const nextRound = async () => {
    await host.clock.advance(DAY);
    await connector.run({ kind: 'mail.plan', connectionId: id });
    await finish();
  };
  const folder = (name: string) => {
    const log = mailbox.folders.get(name);
    if (!log) throw new Error(`There is no folder ${name}.`);
    return log;
  };
  const ref = (messageId: string, folderId: string): MessageRef => ({
    ...{ tenantId: TENANT, mailboxId: 'm1', folderId, messageId },
    receivedAt: '2026-01-01T00:00:00Z',
  });
  await connector.run({ kind: 'mail.plan', connectionId: id });
  await finish();
  return {
    ...host,
    id,
    finish,
    nextRound,
    folder,
    ref,
    want(next: ConnectorOptions['mailSync']) {
      connector = host.create(host.clock, { mailSync: next });
    },
    get connector() {
      return connector;
    },
    leave: (messageId: string, from: string) =>
      folder(from).add({ type: 'removed', id: messageId, reason: 'recoverable' }),
    enter: (messageId: string, into: string) =>
      folder(into).add({ type: 'upserted', item: ref(messageId, into) }),
    removed: async () =>
      (await Array.fromAsync(connector.mail.removed(id))).map((message) => message.messageId),
    isStored: async (messageId: string) =>
      (await host.archive.missing({ tenantId: TENANT, mailboxId: 'm1' }, [messageId])).length === 0,
    status: async () => (await connector.mail.status(id)).mailboxes[0],
  };
}

describe('a message that was deleted at the source', () => {
  it('stays in the archive, is marked, and is told once', async () => {
    const house = await archived({ inbox: 5 });
    const told = vi.fn();
    house.connector.events.on('message.removed', told);
    const marks: unknown[] = [];
    house.archive.mark = async (_mailbox, more) => void marks.push(...more);
    house.leave('m1-inbox-2', 'inbox');
    await house.nextRound();
    await house.nextRound();
    expect(await house.isStored('m1-inbox-2')).toBe(true);
    expect(await house.removed()).toEqual(['m1-inbox-2']);
    expect(marks).toEqual([{ messageId: 'm1-inbox-2', removedAt: expect.stringMatching(/^\d{4}-/) }]);
    expect(told).toHaveBeenCalledExactlyOnceWith({
      connectionId: house.id,
      mailboxId: 'm1',
      messageId: 'm1-inbox-2',
    });
    expect(await house.status()).toMatchObject({ state: 'completed', archived: 5 });
  });

  it('and comes back is no longer marked, and not fetched again', async () => {
    const house = await archived({ inbox: 5 });
    const marks: unknown[] = [];
    house.archive.mark = async (_mailbox, more) => void marks.push(...more);
    house.leave('m1-inbox-2', 'inbox');
    await house.nextRound();
    const calls = house.service.contentCalls;
    house.enter('m1-inbox-2', 'inbox');
    await house.nextRound();
    expect(await house.removed()).toEqual([]);
    expect(marks.at(-1)).toEqual({ messageId: 'm1-inbox-2', removedAt: undefined });
    expect(house.service.contentCalls).toBe(calls);
  });

  it('before it was ever archived is no matter of the archive', async () => {
    const house = await archived({ inbox: 2 });
    house.service.addMessages('m1', 'inbox', 1);
    house.leave('m1-inbox-2', 'inbox');
    house.service.mailboxes.get('m1')?.contents.delete('m1-inbox-2');
    await house.nextRound();
    expect(await house.removed()).toEqual([]);
  });

  it('is settled later when the service cannot tell now, and holds up nothing', async () => {
    const house = await archived({ inbox: 5 });
    const { locate } = house.provider.mail;
    house.provider.mail.locate = async () => {
      throw new ConnectorError('item_failed', 'not now', { serviceCode: 'ErrorInternalServerError' });
    };
    house.leave('m1-inbox-2', 'inbox');
    await house.nextRound();
    expect(await house.status()).toMatchObject({ state: 'completed' });
    expect(await house.removed()).toEqual([]);
    house.provider.mail.locate = locate;
    await house.nextRound();
    expect(await house.removed()).toEqual(['m1-inbox-2']);
  });

  it('is found out whatever step the process dies at', async () => {
    for (let step = 1; step <= 16; step++) {
      const house = await archived({ inbox: 3, other: 1 });
      house.leave('m1-inbox-1', 'inbox');
      let calls = 0;
      const { put, delete: remove } = house.storage;
      const counted =
        <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
        async (...args: Args) => {
          if (++calls === step) throw new Error('killed');
          return call(...args);
        };
      Object.assign(house.storage, { put: counted(put), delete: counted(remove) });
      await house.nextRound().catch(() => undefined);
      Object.assign(house.storage, { put, delete: remove });
      await house.clock.advance(60_000);
      house.want({});
      await house.nextRound();
      expect(await house.removed(), `step ${step}`).toEqual(['m1-inbox-1']);
    }
  });
});

describe('a message that was moved', () => {
  it('to another folder is neither removed nor fetched again', async () => {
    const house = await archived({ inbox: 5, other: 1 });
    const calls = house.service.contentCalls;
    house.leave('m1-inbox-2', 'inbox');
    house.enter('m1-inbox-2', 'other');
    await house.nextRound();
    expect(await house.removed()).toEqual([]);
    expect(house.service.contentCalls).toBe(calls);
  });

  it('back and forth before it was ever read is brought, although the delta only says that it left', async () => {
    const house = await archived({ inbox: 2 });
    house.service.addMessages('m1', 'inbox', 1);
    const [lost] = house.folder('inbox').history.slice(-1);
    if (lost?.type !== 'upserted') throw new Error('There is a message.');
    house.folder('inbox').lose(lost.item.messageId);
    house.leave(lost.item.messageId, 'inbox');
    house.service.moved.set(lost.item.messageId, lost.item);
    await house.nextRound();
    expect(await house.isStored(lost.item.messageId)).toBe(true);
    expect(await house.status()).toMatchObject({ discovered: 3, archived: 3 });
  });
});

describe('the comparison of ids with the archive', () => {
  it('finds what the delta lost, in the round after the first one and then once a week', async () => {
    const house = await archived({ inbox: 4 });
    expect(house.service.lists).toBe(0);
    house.service.addMessages('m1', 'inbox', 1);
    house.folder('inbox').lose('m1-inbox-4');
    const calls = house.service.contentCalls;
    await house.nextRound();
    expect(await house.isStored('m1-inbox-4')).toBe(true);
    expect(house.service.contentCalls).toBe(calls + 1);
    expect(await house.status()).toMatchObject({ state: 'completed', discovered: 5, archived: 5 });
    expect(house.service.lists).toBe(1);
    for (let day = 1; day < 7; day++) await house.nextRound();
    expect(house.service.lists).toBe(1);
    await house.nextRound();
    expect(house.service.lists).toBe(2);
  });

  it('happens as often as the host says', async () => {
    const house = await archived({ inbox: 1 }, () => ({ reconcileEvery: 2 }));
    for (let day = 1; day <= 5; day++) await house.nextRound();
    expect(house.service.lists).toBe(3);
  });

  it('puts a message that cannot be fetched among the failures, and counts it once', async () => {
    const house = await archived({ inbox: 2 });
    house.service.addMessages('m1', 'inbox', 1);
    house.folder('inbox').lose('m1-inbox-2');
    house.service.onContent = () => {
      throw new ConnectorError('poison', 'no');
    };
    await house.nextRound();
    expect(await house.status()).toMatchObject({
      state: 'completed_with_failures',
      discovered: 3,
      failed: 1,
    });
    house.service.onContent = () => {};
    await house.nextRound();
    expect(await house.status()).toMatchObject({ state: 'completed', discovered: 3, archived: 3, failed: 0 });
  });
});

describe('the mail that a host wants', () => {
  it('may begin at a date: what is older is neither fetched nor counted, until the host wants more', async () => {
    const house = await archived({ inbox: 0 }, { since: '2026-02-01' });
    const add = (messageId: string, receivedAt: string | undefined) => {
      house.service.mailboxes.get('m1')?.contents.set(messageId, new TextEncoder().encode(messageId));
      house.folder('inbox').add({ type: 'upserted', item: { ...house.ref(messageId, 'inbox'), receivedAt } });
    };
    add('old', '2026-01-31T23:59:59Z');
    add('new', '2026-02-01T00:00:00Z');
    add('timeless', undefined);
    await house.nextRound();
    expect(await Promise.all(['old', 'new', 'timeless'].map(house.isStored))).toEqual([false, true, true]);
    expect(await house.status()).toMatchObject({ discovered: 2, archived: 2 });
    // Not by the comparison of ids either.
    await house.nextRound();
    expect(await house.isStored('old')).toBe(false);
    const calls = house.service.contentCalls;
    house.want({ since: '2025-01-01' });
    await house.nextRound();
    expect(await house.isStored('old')).toBe(true);
    expect(house.service.contentCalls).toBe(calls + 1);
  });

  it('has no drafts, which come when they are sent, unless they are wanted as they are', async () => {
    const house = await archived({ drafts: 0, sent: 0 });
    house.service.mailboxes.get('m1')?.contents.set('d', new TextEncoder().encode('draft'));
    house.folder('drafts').add({ type: 'upserted', item: { ...house.ref('d', 'drafts'), draft: true } });
    await house.nextRound();
    expect(await house.isStored('d')).toBe(false);
    house.leave('d', 'drafts');
    house.enter('d', 'sent');
    await house.nextRound();
    expect(await house.isStored('d')).toBe(true);
    const other = await archived({ drafts: 0 }, { drafts: true });
    other.service.mailboxes.get('m1')?.contents.set('d', new TextEncoder().encode('draft'));
    other.folder('drafts').add({ type: 'upserted', item: { ...other.ref('d', 'drafts'), draft: true } });
    await other.nextRound();
    expect(await other.isStored('d')).toBe(true);
  });

  it('may leave out folders, and comes from where they stood when they are wanted again', async () => {
    const house = await archived({ inbox: 2, junk: 3 }, { exclude: ['junk'] });
    expect(await house.status()).toMatchObject({ archived: 2, expected: 2 });
    house.want({});
    await house.nextRound();
    expect(await house.status()).toMatchObject({ archived: 5 });
  });

  it.each<[unknown, string]>([
    [{ since: 'yesterday' }, 'since'],
    [{ since: '2026-13-01' }, 'since'],
    [{ exclude: ['spam'] }, 'exclude.0'],
    [{ recoverable: 'yes' }, 'recoverable'],
    [{ reconcileEvery: 0 }, 'reconcileEvery'],
    [{ from: '2026-01-01' }, 'from'],
  ])('cannot be %j, and the field is named', async (mailSync, field) => {
    const house = createHost();
    const given = mailSync as NonNullable<ConnectorOptions['mailSync']>;
    expect(() => house.create(house.clock, { mailSync: given })).toThrow(
      expect.objectContaining({ code: 'invalid_options', field }),
    );
    const id = await connect(house.connector);
    const byFunction = house.create(house.clock, { mailSync: () => given as never });
    await expect(byFunction.run({ kind: 'mail.plan', connectionId: id })).rejects.toMatchObject({
      code: 'invalid_options',
      field,
    });
  });
});
