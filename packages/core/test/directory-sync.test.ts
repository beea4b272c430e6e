import { describe, expect, it } from 'vitest';
import { ConnectorError, type DirectoryUser } from '../src/index.ts';
import { virtualClock } from '../src/testing/index.ts';
import { connect, createHost } from './host.ts';

const user = (id: string, address = `${id}@contoso.com`): DirectoryUser => ({
  kind: 'user',
  id,
  userPrincipalName: address,
  displayName: id,
  userType: 'member',
  enabled: true,
  licensed: true,
  mailboxKind: undefined,
  addresses: [{ address, domain: 'contoso.com', primary: true }],
  otherAddresses: [],
});
const upserted = (item: DirectoryUser) => ({ type: 'upserted' as const, item });

const ids = async (host: ReturnType<typeof createHost>, id: string) =>
  (await host.directory.entries(id)).map((entry) => entry.id).sort();

describe('directory sync', () => {
  it('brings everything once, then what changed, removals included', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(...['a', 'b', 'c', 'd'].map((name) => upserted(user(name))));
    const first = await host.connector.directory.sync(id);
    expect(first.counts.user).toEqual({ upserted: 4, removed: 0 });
    expect(await ids(host, id)).toEqual(['a', 'b', 'c', 'd']);

    host.service.directory.user.add({ type: 'removed', id: 'b', reason: 'recoverable' }, upserted(user('e')));
    await host.clock.advance(1);
    const second = await host.connector.directory.sync(id);
    expect(second.counts.user).toEqual({ upserted: 1, removed: 1 });
    expect(await ids(host, id)).toEqual(['a', 'c', 'd', 'e']);
    expect(await host.connector.directory.status(id)).toEqual(second);
  });

  it('is one run for two who ask at the same time', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(upserted(user('a')));
    const other = host.create();
    const [one, two] = await host.clock.run(
      Promise.all([host.connector.directory.sync(id), other.directory.sync(id)]),
    );
    expect(two).toEqual(one);
    expect(host.service.directory.user.reads).toBe(1);
  });

  it('tells the scheduler when the service asks to wait, and loses nothing', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(upserted(user('a')));
    const retryAt = host.clock.now() + 300_000;
    host.service.onDirectory = (kind) => {
      if (kind === 'user') throw new ConnectorError('throttled', 'wait', { retryAt });
    };
    const outcome = await host.connector.run({ kind: 'directory.sync', connectionId: id });
    expect(outcome).toEqual({ status: 'yielded', reason: 'throttled', resumeAt: retryAt });
    expect((await host.connector.workload())[0]?.directory?.resumeAt).toBe(retryAt);
    host.service.onDirectory = () => {};
    await host.connector.directory.sync(id);
    expect(await ids(host, id)).toEqual(['a']);
    expect((await host.connector.workload())[0]?.directory).toMatchObject({
      lastStartedAt: host.clock.now(),
      resumeAt: undefined,
    });
  });

  it('believes that consent is gone only when the service still says so minutes later', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const required: unknown[] = [];
    host.connector.events.on('connection.reauthorization_required', (event) => required.push(event));
    const refuse = () => {
      throw new ConnectorError('reauthorization_required', 'no consent');
    };
    const run = () => host.connector.run({ kind: 'directory.sync', connectionId: id });
    host.service.onDirectory = refuse;
    await expect(run()).rejects.toMatchObject({ code: 'reauthorization_required' });
    await host.clock.advance(60_000);
    host.service.onDirectory = () => {};
    await run();
    host.service.onDirectory = refuse;
    await host.clock.advance(300_000);
    await expect(run()).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(required).toHaveLength(0);
    await host.clock.advance(300_000);
    await expect(run()).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(required).toHaveLength(1);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'reauthorization_required' });

    host.service.onDirectory = () => {};
    expect(await connect(host.connector)).toBe(id);
    expect(await run()).toEqual({ status: 'completed' });
  });

  it('is due at once when somebody asked for it', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.directory.sync(id);
    await host.clock.advance(1000);
    await host.connector.directory.request(id);
    const [work] = await host.connector.workload();
    expect(work?.directory?.requestedAt).toBe(host.clock.now());
  });

  it('leaves a record of every run, also of one that was cut off', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(...Array.from({ length: 12 }, (_, index) => upserted(user(`u${index}`))));
    let pages = 0;
    host.service.onDirectory = (kind) => {
      if (kind === 'user' && ++pages === 3)
        throw new ConnectorError('throttled', 'wait', { retryAt: host.clock.now() });
    };
    await host.connector.run({ kind: 'directory.sync', connectionId: id });
    const run = await host.connector.directory.sync(id);
    expect(await host.connector.directory.runs(id)).toMatchObject([
      run,
      {
        outcome: 'stopped',
        error: { code: 'throttled' },
        counts: { user: { upserted: 6, removed: 0 } },
        requests: 4,
        resourceUnits: 8,
      },
    ]);
    expect(run).toMatchObject({ outcome: 'completed', counts: { user: { upserted: 6, removed: 0 } } });
    host.service.onDirectory = () => {
      throw new ConnectorError('unavailable', 'down', { serviceCode: '503' });
    };
    await expect(host.connector.directory.sync(id)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await host.connector.directory.status(id)).toMatchObject({
      outcome: 'failed',
      error: { code: 'unavailable', serviceCode: '503' },
    });
    for (let more = 0; more < 40; more++) await host.connector.directory.sync(id).catch(() => undefined);
    expect(await host.connector.directory.runs(id)).toHaveLength(30);
  });

  it('is one run also when the clock goes back', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.directory.sync(id);
    const earlier = host.create(virtualClock(host.clock.now() - 3600_000));
    const reads = host.service.directory.user.reads;
    await earlier.directory.sync(id);
    expect(host.service.directory.user.reads).toBe(reads + 1);
  });

  it('ends with the connector, and begins no more', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.onDirectory = async () => host.clock.wait(1000);
    const sync = host.connector.directory.sync(id);
    const ended = expect(sync).rejects.toMatchObject({ code: 'aborted' });
    await host.clock.advance(100);
    const closed = host.connector.close();
    await host.clock.advance(2000);
    await ended;
    await closed;
    await expect(host.connector.directory.sync(id)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('survives a stop at the moment when it begins', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const get = host.storage.get;
    host.storage.get = async (...of) => {
      await host.clock.wait(3);
      return get(...of);
    };
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    for (let after = 0; after < 40; after++) {
      const stop = new AbortController();
      const run = host.connector.run({ kind: 'directory.sync', connectionId: id }, { signal: stop.signal });
      run.catch(() => {});
      await host.clock.advance(after);
      stop.abort(new Error('stop'));
      await host.clock.advance(100);
      await run.catch(() => {});
    }
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('refuses what a process that slept past its lease brings late', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.directory.user.add(upserted(user('a', 'old@contoso.com')));
    const zombie = host.create(virtualClock(host.clock.now()));
    let wake: () => void = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const apply = host.directory.apply;
    let isFirst = true;
    host.directory.apply = async (batch, options) => {
      if (batch.kind === 'user' && isFirst) {
        isFirst = false;
        await asleep;
      }
      return apply(batch, options);
    };
    const slept = zombie.run({ kind: 'directory.sync', connectionId: id });
    await host.clock.advance(20_000);
    host.service.directory.user.add(upserted(user('a', 'new@contoso.com')));
    await host.connector.directory.sync(id);
    wake();
    expect(await slept).toMatchObject({ status: 'busy' });
    const [entry] = host.directory.entries(id).filter(({ kind }) => kind === 'user');
    expect(entry).toMatchObject({ addresses: [{ address: 'new@contoso.com' }] });
  });

  it('stops within seconds when the connection was ended in another process', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    host.service.onDirectory = async () => host.clock.wait(60_000);
    const run = host.connector.run({ kind: 'directory.sync', connectionId: id });
    const ended = expect(run).rejects.toMatchObject({ code: 'refused' });
    await host.clock.advance(100);
    await host.create().connections.disconnect(id);
    await host.clock.advance(60_000);
    await ended;
    expect(host.service.directory.group.reads).toBe(0);
  });
});
