import { describe, expect, it } from 'vitest';
import { ConnectorError, type DirectoryUser } from '../src/index.ts';
import { connect, createHost } from './host.ts';

const user = (id: string, address = `${id}@contoso.com`): DirectoryUser => ({
  kind: 'user',
  id,
  userPrincipalName: address,
  displayName: id,
  userType: 'member',
  enabled: true,
  addresses: [{ address, primary: true }],
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
    expect((await host.connector.workload())[0]?.directory.resumeAt).toBe(retryAt);
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
    expect(work?.directory.requestedAt).toBe(host.clock.now());
  });
});
