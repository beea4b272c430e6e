import { execFile } from 'node:child_process';
import { Console } from 'node:console';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { ConnectorError, keyring } from '@mailsphere/core';
import { fetchTransport, office365 } from '@mailsphere/office365';
import { createLocalEngine } from '@mailsphere/scheduler';
import { createSimulator } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { attemptOf, connect, createBrowser, createHost } from '../../packages/core/test/host.ts';
import { createLeakWatch, leaked, leakWatch } from '../leak-watch.ts';
import { watchConsole, watchStream } from '../process-watch.ts';

/** As the connector makes them. */
const random = () => randomBytes(32).toString('base64url');
const kind = expect.stringContaining('random secret');

/** Takes the leaks of this test, so that it does not fail by them. */
const sinks = async () => (await leakWatch.takeLeaks()).map(({ sink }) => sink);

describe('a test fails', () => {
  it.fails('when it lets a secret out', () => {
    new ConnectorError('unexpected', random());
  });

  it('and says where and what, but not the value', async () => {
    const secret = random();
    new ConnectorError('unexpected', secret);
    const leaks = await leakWatch.takeLeaks();
    expect(leaks).toEqual([{ sink: 'an error', kind }]);
    expect(leaked(leaks).message).toMatch(/random secret.* in an error/);
    expect(leaked(leaks).message).not.toContain(secret);
  });
});

describe('a leak on purpose is found', () => {
  it('in the cause of an error', async () => {
    new ConnectorError('unexpected', 'a', { cause: new Error('b', { cause: { answer: random() } }) });
    expect(await sinks()).toEqual(['an error']);
  });

  it('in a log line of the connector', async () => {
    const afterConnect = () => {
      throw Object.assign(new Error('refused'), { name: random() });
    };
    await connect(createHost({ hooks: { afterConnect } }).connector);
    expect(await sinks()).toEqual(['a log line']);
  });

  it('in a log line of the engine', async () => {
    await using engine = createLocalEngine({
      connector: {
        workload: () => Promise.reject(Object.assign(new Error('broken'), { name: random() })),
        run: () => Promise.reject(new Error('There is nothing to run.')),
      },
    });
    engine.start();
    await expect.poll(sinks).toEqual(['a log line']);
  });

  it('in the storage, an event and a page', async () => {
    const { connector } = createHost();
    const organization = { organizationId: 'org-1', organizationName: random(), tenant: 'contoso' };
    const { id } = await connector.connections.register(organization);
    const browser = createBrowser(connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    await browser.confirm(attemptOf(location));
    const found = await sinks();
    expect(found).toContain('the storage, in connections');
    expect(found).toContain('the event connection.activated');
    expect(found).toContain('a page');
  });

  it('in an error page', async () => {
    const authorize = () => {
      throw new ConnectorError('refused', random());
    };
    const { connector } = createHost({ hooks: { authorize } });
    const { id } = await connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    await createBrowser(connector).begin(id);
    expect(await sinks()).toContain('an error page');
  });

  it('in a redirect', async () => {
    const { connector } = createHost();
    const { id } = await connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
    const browser = createBrowser(connector);
    const state = await browser.begin(id, `/done?from=${random()}`);
    const location = await browser.consented(await browser.signedIn(state));
    await browser.send(location);
    await browser.confirm(attemptOf(location));
    expect(await sinks()).toContain('the header location of an answer');
  });

  it('on the console', async () => {
    const watch = createLeakWatch();
    const secret = random();
    watch.learn('a state', secret);
    const own = new Console(new PassThrough());
    watchConsole(own, watch);
    own.error('it was', { secret });
    expect(await watch.takeLeaks()).toEqual([{ sink: 'the console', kind: 'a state' }]);
  });

  it('in the output of this process', async () => {
    const watch = createLeakWatch();
    const secret = random();
    watch.learn('a state', secret);
    const stream = new PassThrough();
    watchStream(stream, watch);
    stream.write(`it was ${secret}`);
    expect(await watch.takeLeaks()).toEqual([{ sink: 'the output of the process', kind: 'a state' }]);
  });

  it('in the output of a child process, also in two pieces', async () => {
    const secret = random();
    const script = `process.stdout.write(${JSON.stringify(secret.slice(0, 20))});
      setTimeout(() => process.stdout.write(${JSON.stringify(secret.slice(20))}), 100);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect(stdout).toBe(secret);
    expect(await sinks()).toEqual(['the output of a child process']);
  });
});

describe('what is secret is known', () => {
  const kinds = async (text: string) => {
    new ConnectorError('unexpected', text);
    return (await leakWatch.takeLeaks()).map((leak) => leak.kind);
  };
  const connected = () => {
    const simulator = createSimulator({ limits: false });
    const provider = office365({
      clientId: simulator.app.clientId,
      credential: { secret: simulator.app.secret },
      transport: fetchTransport((request) => simulator.fetch(request)),
    });
    return { simulator, provider, tenantId: simulator.tenants[0]?.id ?? '' };
  };

  it('the client secret', async () => {
    expect(await kinds(connected().simulator.app.secret)).toEqual(['a client secret']);
  });

  it('an access token, also without its header', async () => {
    const { simulator, provider, tenantId } = connected();
    simulator.grantConsent(tenantId);
    const { token } = await provider.acquireToken({ tenantId });
    expect(await kinds(`Bearer ${token}`)).toContain('an access token');
    expect(await kinds(token.split('.')[2] ?? '')).toEqual(['an access token']);
  });

  it('a key of a keyring', async () => {
    const key = 'ab'.repeat(32);
    keyring({ active: 'a', keys: { a: key } });
    expect(await kinds(key)).toEqual(['a key of the keyring']);
  });

  it('what the browser brings', async () => {
    const { connector } = createHost();
    await createBrowser(connector).send('https://app.example/connect/callback?state=a&code=opaque-code-1234');
    expect(await kinds('opaque-code-1234')).toEqual(["the browser's code"]);
  });
});

it('the whole way of an administrator lets nothing out', async () => {
  await connect(createHost().connector);
  expect(await leakWatch.takeLeaks()).toEqual([]);
});
