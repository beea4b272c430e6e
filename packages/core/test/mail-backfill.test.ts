import { describe, expect, it } from 'vitest';
import { ConnectorError, type Task } from '../src/index.ts';
import { virtualClock } from '../src/testing/index.ts';
import { connect, createHost } from './host.ts';
import { createChangeLog } from './scripted-provider.ts';

const MINUTE = 60_000;
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const TENANT = '0b8a7f0e-0000-4000-8000-000000000001';

async function planned(
  options: Parameters<typeof createHost>[0],
  mailboxes: Record<string, Record<string, number>>,
) {
  const host = createHost(options);
  for (const [mailboxId, folders] of Object.entries(mailboxes)) host.service.addMailbox(mailboxId, folders);
  const id = await connect(host.connector);
  const plan = () => host.connector.run({ kind: 'mail.plan', connectionId: id });
  const slice = (mailboxId: string) =>
    host.connector.run({ kind: 'mail.backfill', connectionId: id, mailboxId });
  const finish = async (mailboxId: string) => {
    for (let slices = 1; ; slices++) if ((await slice(mailboxId)).status === 'completed') return slices;
  };
  const status = async () => (await host.connector.mail.status(id)).mailboxes[0];
  const stored = (mailboxId: string) => {
    const ids = [...(host.service.mailboxes.get(mailboxId)?.contents.keys() ?? [])];
    return host.archive
      .missing({ tenantId: TENANT, mailboxId }, ids)
      .then((missing) => ids.filter((message) => !missing.includes(message)));
  };
  await plan();
  return { ...host, id, plan, slice, finish, status, stored };
}

describe('mail backfill', () => {
  it('archives every message of every folder', async () => {
    const host = await planned({}, { m1: { inbox: 20, sent: 5, empty: 0 } });
    await host.finish('m1');
    expect(await host.stored('m1')).toHaveLength(25);
    expect(await host.status()).toMatchObject({
      state: 'completed',
      discovered: 25,
      archived: 25,
      failed: 0,
      address: 'm1@contoso.com',
    });
  });

  it('asks for more messages than the service gives at once, so that storing some holds up no other, and for few enough', async () => {
    const host = await planned({}, { m1: {} });
    host.service.mailboxes.get('m1')?.folders.set('inbox', createChangeLog(50));
    host.service.addMessages('m1', 'inbox', 50);
    await host.finish('m1');
    expect(host.service.mostAsked).toBe(8);
    expect(await host.stored('m1')).toHaveLength(50);
  });

  it('looks into a mailbox first, so that the scheduler can take the largest', async () => {
    const host = await planned({}, { m1: { inbox: 1, sent: 1 } });
    expect((await host.connector.workload())[0]?.mail?.mailboxes[0]?.remaining).toBe(Number.MAX_SAFE_INTEGER);
    expect(await host.slice('m1')).toMatchObject({ status: 'yielded', reason: 'slice' });
    expect((await host.connector.workload())[0]?.mail?.mailboxes[0]?.remaining).toBe(2);
  });

  it('brings only what is new in the next round', async () => {
    const host = await planned({}, { m1: { inbox: 8 } });
    await host.finish('m1');
    host.service.addMessages('m1', 'inbox', 2);
    const before = host.service.contentCalls;
    expect(await host.slice('m1')).toEqual({ status: 'completed' });
    expect(host.service.contentCalls).toBe(before);
    await host.plan();
    await host.finish('m1');
    expect(host.service.contentCalls).toBe(before + 2);
    expect(await host.stored('m1')).toHaveLength(10);
  });

  it('gives its place to others when its slice is over, and goes on where it was', async () => {
    const host = await planned({ slice: 1 }, { m1: { inbox: 12 } });
    host.service.onContent = () => host.clock.advance(1);
    expect(await host.finish('m1')).toBeGreaterThan(3);
    expect(await host.stored('m1')).toHaveLength(12);
    expect(host.service.contentCalls).toBe(12);
  });

  it('downloads nothing again when it was cut off at any message', async () => {
    for (let cut = 1; cut <= 9; cut++) {
      const host = await planned({}, { m1: { inbox: 9 } });
      await host.slice('m1');
      const abort = new AbortController();
      host.service.onContent = () => {
        if (host.service.contentCalls === cut) abort.abort(new Error('killed'));
      };
      const task: Task = { kind: 'mail.backfill', connectionId: host.id, mailboxId: 'm1' };
      expect(await host.connector.run(task, { signal: abort.signal })).toMatchObject({
        status: 'yielded',
        reason: 'stopped',
      });
      host.service.onContent = () => {};
      const had = (await host.stored('m1')).length;
      const calls = host.service.contentCalls;
      await host.finish('m1');
      expect(await host.stored('m1')).toHaveLength(9);
      expect(host.service.contentCalls - calls).toBe(9 - had);
      expect(await host.status()).toMatchObject({ state: 'completed', discovered: 9 });
    }
  });

  it('reads a folder again when its cursor was forgotten, and downloads nothing that is stored', async () => {
    const host = await planned({}, { m1: { inbox: 9 } });
    await host.finish('m1');
    host.service.mailboxes.get('m1')?.folders.get('inbox')?.forgetCursors();
    const calls = host.service.contentCalls;
    await host.plan();
    await host.finish('m1');
    expect(host.service.contentCalls).toBe(calls);
    expect(await host.status()).toMatchObject({ archived: 9, alreadyStored: 9 });
  });

  it('goes on without a poisoned message, lists it, and tries it again after a day', async () => {
    const host = await planned({}, { m1: { inbox: 9 } });
    let poisoned = true;
    host.service.onContent = ({ messageId }) => {
      if (poisoned && messageId === 'm1-inbox-4')
        throw new ConnectorError('poison', 'cannot be rendered', {
          serviceCode: 'ErrorMimeContentConversionFailed',
        });
    };
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', archived: 8, failed: 1 });
    const calls = host.service.contentCalls;
    await host.plan();
    await host.finish('m1');
    expect(host.service.contentCalls).toBe(calls);

    await host.clock.advance(DAY);
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', failed: 1 });

    poisoned = false;
    await host.clock.advance(7 * DAY);
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', failed: 0 });
    expect(await host.stored('m1')).toHaveLength(9);
  });

  it('tries a broken transfer three times before it goes on without the message', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    let tries = 0;
    host.service.onContent = ({ messageId }) => {
      if (messageId !== 'm1-inbox-1') return;
      tries++;
      throw new ConnectorError('incomplete', 'broken');
    };
    await host.finish('m1');
    expect(tries).toBe(3);
    expect(await host.status()).toMatchObject({ archived: 2, failed: 1 });
  });

  it('puts nothing off and moves no cursor when the whole service is out of reach for hours', async () => {
    const host = await planned({}, { m1: { inbox: 9 } });
    await host.slice('m1');
    host.service.onContent = () => {
      throw new ConnectorError('unavailable', 'refused');
    };
    for (let hours = 0; hours < 5; hours++) {
      await expect(host.slice('m1')).rejects.toMatchObject({ code: 'unavailable' });
      await host.clock.advance(HOUR);
    }
    host.service.onContent = () => {};
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 9, failed: 0 });
  });

  it.each(['unavailable', 'permission_missing', 'mailbox_not_found'] as const)(
    'goes on without one message that alone answers %s',
    async (code) => {
      const host = await planned({}, { m1: { inbox: 9, sent: 1 } });
      host.service.onContent = ({ messageId }) => {
        if (messageId === 'm1-inbox-1') throw new ConnectorError(code, 'this one only');
      };
      await host.finish('m1');
      expect(await host.status()).toMatchObject({ state: 'completed_with_failures', archived: 9, failed: 1 });
    },
  );

  it('moves no cursor when the archive cannot store', async () => {
    const host = await planned({}, { m1: { inbox: 9 } });
    await host.slice('m1');
    const store = host.archive.store;
    host.archive.store = async (_message, content) => {
      await content.cancel();
      throw new ConnectorError('storage_failed', 'The disk is full.');
    };
    await expect(host.slice('m1')).rejects.toMatchObject({ code: 'storage_failed' });
    host.archive.store = store;
    await host.finish('m1');
    expect(await host.stored('m1')).toHaveLength(9);
  });

  it('counts a message that left between listing and fetching as gone, not as a failure', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    host.service.mailboxes.get('m1')?.contents.delete('m1-inbox-1');
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 2, gone: 1, failed: 0 });
  });

  it('gives the mailbox back until the service allows the next call', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    await host.slice('m1');
    const retryAt = host.clock.now() + 600_000;
    host.service.onContent = () => {
      throw new ConnectorError('throttled', 'wait', { retryAt });
    };
    expect(await host.slice('m1')).toEqual({ status: 'yielded', reason: 'throttled', resumeAt: retryAt });
    expect(await host.status()).toMatchObject({ state: 'throttled' });
    expect((await host.connector.workload())[0]?.mail?.mailboxes[0]?.resumeAt).toBe(retryAt);
  });

  it.each([
    ['mailbox_not_found', 'no_mailbox'],
    ['permission_missing', 'no_access'],
  ] as const)(
    'asks again after an hour, a day and a week when a mailbox does not open (%s)',
    async (code, state) => {
      const host = await planned({}, { m1: { inbox: 3 } });
      let opens = false;
      host.service.onFolders = () => {
        if (!opens) throw new ConnectorError(code, 'none');
      };
      for (const rest of [HOUR, DAY, 7 * DAY, 7 * DAY]) {
        expect(await host.slice('m1')).toEqual({ status: 'completed' });
        expect(await host.status()).toMatchObject({ state });
        await host.plan();
        const [work] = await host.connector.workload();
        expect(work?.mail?.mailboxes[0]?.resumeAt).toBe(host.clock.now() + rest);
        await host.clock.advance(rest);
      }
      opens = true;
      await host.finish('m1');
      expect(await host.status()).toMatchObject({ state: 'completed', archived: 3 });
    },
  );

  it('does not retire a mailbox for what one message or folder answers', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    await host.slice('m1');
    host.service.onContent = () => {
      throw new ConnectorError('mailbox_not_found', 'transient');
    };
    await expect(host.slice('m1')).rejects.toMatchObject({ code: 'mailbox_not_found' });
    host.service.onContent = () => {};
    await host.clock.advance(10 * MINUTE);
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 3, gone: 0 });
  });

  it('goes on without a folder that was deleted after it was listed', async () => {
    const host = await planned({}, { m1: { inbox: 3, old: 3 } });
    await host.slice('m1');
    host.service.mailboxes.get('m1')?.folders.delete('old');
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 3 });
  });

  it('reads the other folders when one cannot be read, and ends the round without it after a day', async () => {
    const host = await planned({}, { m1: { bad: 5, good: 4 } });
    const bad = host.service.mailboxes.get('m1')?.folders.get('bad');
    if (!bad) throw new Error('no folder');
    const { pages } = bad;
    bad.pages = () => {
      throw new ConnectorError('unavailable', 'broken', { serviceCode: '500' });
    };
    await host.slice('m1');
    await expect(host.slice('m1')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await host.status()).toMatchObject({ archived: 4 });
    await host.clock.advance(DAY);
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', archived: 4 });
    bad.pages = pages;
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 9 });
  });

  it('shows that a folder could not be read, also when the round goes on for another slice after that', async () => {
    const host = await planned({ slice: 1 }, { m1: { bad: 5, good: 1 } });
    const bad = host.service.mailboxes.get('m1')?.folders.get('bad');
    if (!bad) throw new Error('no folder');
    // Reading fails after longer than a slice lasts.
    const next = async () => {
      await host.clock.advance(1);
      throw new ConnectorError('unavailable', 'broken', { serviceCode: '500' });
    };
    bad.pages = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
    await host.slice('m1');
    expect(await host.slice('m1')).toMatchObject({ status: 'yielded' });
    await host.clock.advance(DAY);
    expect(await host.slice('m1')).toMatchObject({ status: 'yielded' });
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', archived: 1 });
  });

  it('reads no folder that is gone, and all that are new, whatever the last round had listed', async () => {
    const names = Array.from({ length: 230 }, (_, index) => `folder ${index}`);
    const host = await planned({}, { m1: Object.fromEntries(names.map((name) => [name, 1])) });
    await host.finish('m1');
    expect(await host.stored('m1')).toHaveLength(230);
    const folders = host.service.mailboxes.get('m1')?.folders;
    for (const name of names.slice(90)) folders?.delete(name);
    host.service.addMessages('m1', 'new', 2);
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 232, expected: 92 });
    expect(await host.storage.list('folders')).toHaveLength(1);
  });

  it('writes little more than one record for each folder', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `folder ${index}`);
    const host = await planned({}, { m1: Object.fromEntries(names.map((name) => [name, 0])) });
    const folders = host.service.mailboxes.get('m1')?.folders;
    for (const name of names) folders?.set(name, createChangeLog());
    const written: string[] = [];
    const { put } = host.storage;
    host.storage.put = (collection, ...rest) => {
      written.push(collection);
      return put(collection, ...rest);
    };
    await host.finish('m1');
    expect(written.filter((collection) => collection === 'checkpoints')).toHaveLength(60);
    expect(written.length).toBeLessThan(80);
  });

  it('leaves a removed user alone, and comes back with the user', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    host.service.removeMailbox('m1');
    await host.plan();
    expect(await host.status()).toMatchObject({ state: 'removed' });
    expect((await host.connector.workload())[0]?.mail?.mailboxes).toEqual([]);
    host.service.addMailbox('m1', { inbox: 2 });
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed' });
  });
});

describe('when many messages fail', () => {
  const broken = () => {
    throw new ConnectorError('item_failed', 'broken', { serviceCode: '502' });
  };

  it('takes it for an outage of the service, and records only a few failures', async () => {
    const host = await planned({}, { m1: { inbox: 60 } });
    await host.slice('m1');
    host.service.onContent = broken;
    await expect(host.slice('m1')).rejects.toMatchObject({ code: 'item_failed' });
    expect((await host.storage.list('failures')).length).toBeLessThanOrEqual(8);
    host.service.onContent = () => {};
    await host.clock.advance(DAY);
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', failed: 0 });
    expect(await host.stored('m1')).toHaveLength(60);
  });

  it('gets past a cluster of messages that never come', async () => {
    const host = await planned({}, { m1: { inbox: 60 } });
    host.service.onContent = ({ messageId }) => {
      const number = Number(messageId.split('-').at(-1));
      if (number >= 20 && number < 40) broken();
    };
    await host.slice('m1');
    for (let slices = 0, done = false; !done; slices++) {
      expect(slices).toBeLessThan(20);
      done = await host.slice('m1').then(
        ({ status }) => status === 'completed',
        () => false,
      );
      await host.clock.advance(5 * MINUTE);
    }
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', archived: 40, failed: 20 });
  });

  it('puts nothing off in a short outage, however few messages are new', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    await host.slice('m1');
    host.service.onContent = broken;
    for (let tries = 0; tries < 5; tries++) {
      await expect(host.slice('m1')).rejects.toMatchObject({ code: 'item_failed' });
      await host.clock.advance(MINUTE);
    }
    host.service.onContent = () => {};
    await host.clock.advance(5 * MINUTE);
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', archived: 3, failed: 0 });
  });

  it('does not wait for a message that alone is new and never comes', async () => {
    const host = await planned({}, { m1: { inbox: 1 } });
    host.service.onContent = broken;
    await host.slice('m1');
    for (let tries = 0; tries < 3; tries++) {
      await host.slice('m1').catch(() => {});
      await host.clock.advance(5 * MINUTE);
    }
    expect(await host.status()).toMatchObject({ state: 'completed_with_failures', failed: 1 });
    const failures = await Array.fromAsync(host.connector.mail.failures(host.id, 'm1'));
    expect(failures).toMatchObject([{ messageId: 'm1-inbox-0', code: '502', class: 'transient' }]);
  });

  it('does not put a failure off for a week because the service was out of order on its day', async () => {
    const host = await planned({}, { m1: { inbox: 2 } });
    host.service.onContent = ({ messageId }) => {
      if (messageId === 'm1-inbox-0') broken();
    };
    await host.finish('m1');
    host.service.onContent = broken;
    await host.clock.advance(DAY);
    await host.plan();
    await host.finish('m1');
    host.service.onContent = () => {};
    await host.clock.advance(DAY);
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', failed: 0, archived: 2, discovered: 2 });
  });

  it('forgets a failure whose message is in the archive after all', async () => {
    const host = await planned({}, { m1: { inbox: 2 } });
    let poisoned = true;
    host.service.onContent = ({ messageId }) => {
      if (poisoned && messageId === 'm1-inbox-0') throw new ConnectorError('poison', 'not now');
    };
    await host.finish('m1');
    poisoned = false;
    // As if a process had been killed between the archive and the record.
    const message = {
      tenantId: TENANT,
      mailboxId: 'm1',
      folderId: 'inbox',
      messageId: 'm1-inbox-0',
      receivedAt: undefined,
    };
    await host.archive.store(message, await host.provider.mail.content(message));
    await host.clock.advance(DAY);
    await host.plan();
    await host.finish('m1');
    expect(await host.status()).toMatchObject({ state: 'completed', failed: 0 });
  });

  it('lets messages that are under way in when the service asks to wait', async () => {
    const host = await planned({}, { m1: { inbox: 4 } });
    await host.slice('m1');
    host.service.onContent = async ({ messageId }) => {
      if (messageId === 'm1-inbox-0')
        throw new ConnectorError('throttled', 'wait', { retryAt: host.clock.now() + 1000 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    expect(await host.slice('m1')).toMatchObject({ status: 'yielded', reason: 'throttled' });
    expect(await host.stored('m1')).toHaveLength(3);
  });
});

describe('a process that slept past its lease', () => {
  it('cannot close a round that another process has opened since', async () => {
    const host = await planned({}, { m1: { inbox: 3 } });
    await host.slice('m1');
    const sleeper = virtualClock(host.clock.now());
    const zombie = host.create(sleeper);
    let wake: () => void = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let sleeping: () => void = () => {};
    const fellAsleep = new Promise<void>((resolve) => {
      sleeping = resolve;
    });
    host.service.onContent = async () => {
      sleeping();
      await asleep;
    };
    const task: Task = { kind: 'mail.backfill', connectionId: host.id, mailboxId: 'm1' };
    const slept = zombie.run(task);
    await fellAsleep;

    host.service.onContent = () => {};
    await host.clock.advance(20_000);
    await host.finish('m1');
    host.service.addMessages('m1', 'inbox', 2);
    await host.plan();
    wake();
    expect(await slept).toMatchObject({ status: 'busy' });
    await host.finish('m1');
    expect(await host.stored('m1')).toHaveLength(5);
    expect(await host.status()).toMatchObject({ state: 'completed' });
  });
});
