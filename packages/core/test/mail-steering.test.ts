import { describe, expect, it, vi } from 'vitest';
import { ConnectorError, type Task } from '../src/index.ts';
import { connect, createHost } from './host.ts';

const DAY = 24 * 3600_000;

/** A connection whose mailboxes are planned. */
async function planned(mailboxes: Record<string, Record<string, number>>) {
  const host = createHost();
  for (const [mailboxId, folders] of Object.entries(mailboxes)) host.service.addMailbox(mailboxId, folders);
  const id = await connect(host.connector);
  const run = (task: Task, connector = host.connector) => connector.run(task);
  const plan = () => run({ kind: 'mail.plan', connectionId: id });
  const slice = (mailboxId = 'm1', connector = host.connector) =>
    run({ kind: 'mail.backfill', connectionId: id, mailboxId }, connector);
  const finish = async (mailboxId = 'm1') => {
    while ((await slice(mailboxId)).status !== 'completed');
  };
  await plan();
  const { mail } = host.connector;
  const planner = async () => (await host.connector.workload())[0]?.mail;
  return { ...host, id, mail, plan, slice, finish, planner };
}

describe('a paused connection', () => {
  it('stops what runs at once, keeps what is archived, and goes on where it was', async () => {
    const { mail, id, slice, finish, service, archive } = await planned({ m1: { inbox: 20 } });
    await slice();
    service.onContent = async () => {
      if (service.contentCalls === 7) void mail.pause(id, { reason: 'Maintenance until Monday.' });
    };
    expect(await slice()).toMatchObject({ status: 'yielded', reason: 'stopped' });
    expect(service.contentCalls).toBeLessThan(20);
    const status = await mail.status(id);
    expect(status).toMatchObject({
      state: 'paused',
      reason: 'Maintenance until Monday.',
      states: { paused: 1 },
    });
    const before = service.contentCalls;
    expect(await slice()).toMatchObject({ status: 'yielded', reason: 'stopped' });
    expect(service.contentCalls).toBe(before);
    await mail.resume(id);
    const stored = archive.size;
    await finish();
    // What was archived before is not fetched again.
    expect(service.contentCalls - before).toBe(20 - stored);
    expect(await mail.status(id)).toMatchObject({ state: 'completed', discovered: 20 });
  });

  it('has no mail to plan, in whichever process and after a restart', async () => {
    const { mail, id, planner, create, clock } = await planned({ m1: { inbox: 3 } });
    expect(await planner()).toBeDefined();
    await mail.pause(id);
    expect(await planner()).toBeUndefined();
    const other = create();
    await clock.advance(30 * DAY);
    expect((await other.workload())[0]?.mail).toBeUndefined();
    await other.mail.resume(id);
    expect((await planner())?.mailboxes).toHaveLength(1);
  });

  it('stops within seconds in another process, which takes it for no failure', async () => {
    const { mail, id, slice, create, service, clock } = await planned({ m1: { inbox: 20 } });
    await slice();
    const failed = vi.fn();
    const other = create();
    other.events.on('task.failed', failed);
    service.onContent = () => new Promise<void>((resolve) => void clock.wait(2_000).then(resolve));
    const running = slice('m1', other);
    await clock.advance(3_000);
    await mail.pause(id);
    const before = service.contentCalls;
    await clock.advance(6_000);
    expect(await running).toMatchObject({ status: 'yielded', reason: 'stopped' });
    expect(service.contentCalls - before).toBeLessThanOrEqual(16);
    expect(failed).not.toHaveBeenCalled();
  });

  it('keeps its directory in step', async () => {
    const { connector, mail, id } = await planned({ m1: {} });
    await mail.pause(id);
    expect((await connector.directory.sync(id)).outcome).toBe('completed');
  });
});

describe('a cancelled connection', () => {
  it('forgets what was begun, and when it is resumed looks anew and reads nothing twice', async () => {
    const { mail, id, slice, plan, finish, planner, service, archive } = await planned({
      m1: { inbox: 12 },
      m2: { inbox: 1 },
    });
    await slice();
    service.onContent = async () => {
      if (service.contentCalls === 6) void mail.cancel(id);
    };
    await slice();
    expect(await mail.status(id)).toMatchObject({ state: 'cancelled', states: { cancelled: 2 } });
    await mail.resume(id);
    expect(await planner()).toMatchObject({ plannedAt: undefined, mailboxes: [] });
    const before = service.contentCalls;
    const stored = archive.size;
    await plan();
    await finish('m1');
    await finish('m2');
    expect(service.contentCalls - before).toBe(13 - stored);
    expect(await mail.status(id)).toMatchObject({ state: 'completed' });
  });
});

it('a connection that is paused after it was cancelled is planned anew when it is resumed', async () => {
  const { mail, id, planner } = await planned({ m1: { inbox: 3 } });
  await mail.cancel(id);
  await mail.pause(id, { reason: 'Later.' });
  expect(await mail.status(id)).toMatchObject({ state: 'cancelled', reason: 'Later.' });
  await mail.resume(id);
  expect(await planner()).toMatchObject({ plannedAt: undefined });
});

describe('failures on demand', () => {
  it('are tried again at once, however long they were put off, and their mailboxes have work again', async () => {
    const { mail, id, finish, planner, service, clock } = await planned({
      m1: { inbox: 4 },
      m2: { inbox: 2 },
    });
    service.onContent = ({ messageId }) => {
      if (messageId === 'm1-inbox-1' || messageId === 'm2-inbox-0')
        throw new ConnectorError('poison', 'no', { serviceCode: 'ErrorCorruptData' });
    };
    await finish('m1');
    await finish('m2');
    expect(await mail.status(id)).toMatchObject({ state: 'completed_with_failures', failed: 2 });
    service.onContent = () => {};
    await clock.advance(1000);
    expect(await mail.retryFailed(id, 'm1')).toBe(1);
    expect((await planner())?.mailboxes).toMatchObject([{ mailboxId: 'm1' }]);
    await finish('m1');
    expect(await Array.fromAsync(mail.failures(id))).toMatchObject([{ messageId: 'm2-inbox-0' }]);
    expect(await mail.retryFailed(id)).toBe(1);
    await finish('m2');
    expect(await mail.status(id)).toMatchObject({ state: 'completed', failed: 0, archived: 6 });
    expect(await mail.retryFailed(id)).toBe(0);
  });

  it('are tried again by the slice that runs already', async () => {
    const { mail, id, finish, plan, service, clock } = await planned({ m1: { inbox: 3 } });
    service.onContent = ({ messageId }) => {
      if (messageId === 'm1-inbox-1') throw new ConnectorError('poison', 'no');
    };
    await finish();
    service.onContent = async () => {
      await mail.retryFailed(id);
    };
    service.addMessages('m1', 'inbox', 1);
    await clock.advance(DAY / 2);
    await plan();
    await finish();
    expect(await mail.status(id)).toMatchObject({ state: 'completed', archived: 4 });
  });
});

describe('the status', () => {
  it('tells the rate, the share of the quota and when it will be done, while it is at work', async () => {
    const { mail, id, slice, service, clock } = await planned({ m1: { inbox: 400 }, m2: { inbox: 600 } });
    await slice('m1');
    await slice('m2');
    expect(await mail.status(id)).toMatchObject({ state: 'scheduled', rate: 0, remaining: 1000 });
    const seen: Awaited<ReturnType<typeof mail.status>>[] = [];
    service.onContent = async () => {
      await clock.advance(250);
      if (service.contentCalls === 200) seen.push(await mail.status(id));
    };
    await slice('m1');
    const [status] = seen;
    expect(status?.state).toBe('running');
    expect(status?.rate).toBeGreaterThan(1);
    expect(status?.quotaShare).toBeCloseTo((status?.rate ?? 0) / 10, 5);
    const left = (Date.parse(status?.estimatedEndAt ?? '') - clock.now()) / 1000;
    expect(left).toBeGreaterThan(50);
  });

  it('of a mailbox whose process was killed is no rate for long', async () => {
    const { mail, id, slice, service, clock } = await planned({ m1: { inbox: 12 } });
    await slice();
    service.onContent = async () => {
      await clock.advance(1000);
      if (service.contentCalls === 9) throw new Error('killed');
    };
    await slice().catch(() => undefined);
    await clock.advance(10 * 60_000);
    expect(await mail.status(id)).toMatchObject({
      rate: 0,
      quotaShare: undefined,
      estimatedEndAt: undefined,
    });
  });

  it('says why nothing goes on', async () => {
    const { mail, id, connector } = await planned({});
    expect(await mail.status(id)).toMatchObject({ state: 'scheduled', reason: undefined });
    await connector.connections.disconnect(id);
    expect(await mail.status(id)).toMatchObject({ state: 'disabled', reason: 'The connection was ended.' });
  });
});

it.each([
  ['pause', { reason: '' }, 'reason'],
  ['pause', { because: 'x' }, 'because'],
  ['cancel', { reason: 5 }, 'reason'],
] as const)(
  '%s(%o) is refused with the name of the field, and nothing is halted',
  async (call, options, field) => {
    const { mail, id } = await planned({});
    await expect(mail[call](id, options as never)).rejects.toMatchObject({ code: 'invalid_request', field });
    expect((await mail.status(id)).state).toBe('scheduled');
  },
);
