// Runs before every test file. A test fails when a secret came out anywhere while it ran.
import { afterAll, afterEach, vi } from 'vitest';
import { watchConnectors, watchOptions } from './connector-watch.ts';
import { type LeakWatch, leaked, leakWatch } from './leak-watch.ts';
import { watchProcess } from './process-watch.ts';
import { watchProviders, watchTransport } from './provider-watch.ts';

vi.mock('../packages/core/src/connector-error.ts', async (original) => {
  const actual = await original<typeof import('../packages/core/src/connector-error.ts')>();
  return {
    ...actual,
    // Every one, also those that nobody throws or sees.
    ConnectorError: class ConnectorError extends actual.ConnectorError {
      constructor(...parts: ConstructorParameters<typeof actual.ConnectorError>) {
        super(...parts);
        leakWatch.see('an error', this);
      }
    },
  };
});
vi.mock('../packages/core/src/connector.ts', async (original) => {
  const actual = await original<typeof import('../packages/core/src/connector.ts')>();
  return { ...actual, createConnector: watchConnectors(actual.createConnector, leakWatch) };
});
vi.mock('../packages/core/src/keyring.ts', async (original) => {
  const actual = await original<typeof import('../packages/core/src/keyring.ts')>();
  const keyring: typeof actual.keyring = (options) => {
    for (const key of Object.values(options?.keys ?? {}))
      if (typeof key === 'string' || key instanceof Uint8Array) leakWatch.learn('a key of the keyring', key);
    return actual.keyring(options);
  };
  return { ...actual, keyring };
});
vi.mock('../packages/scheduler/src/local-engine.ts', async (original) => {
  const actual = await original<typeof import('../packages/scheduler/src/local-engine.ts')>();
  const createLocalEngine: typeof actual.createLocalEngine = (options) =>
    actual.createLocalEngine(watchOptions(options, leakWatch));
  return { ...actual, createLocalEngine };
});
vi.mock('../packages/office365/src/office365.ts', async (original) => {
  const actual = await original<typeof import('../packages/office365/src/office365.ts')>();
  return { ...actual, office365: watchProviders(actual.office365, leakWatch) };
});
vi.mock('../packages/office365/src/transport/fetch-transport.ts', async (original) => {
  const actual = await original<typeof import('../packages/office365/src/transport/fetch-transport.ts')>();
  const fetchTransport: typeof actual.fetchTransport = (fetch) =>
    watchTransport(actual.fetchTransport(fetch), leakWatch);
  return { ...actual, fetchTransport };
});
vi.mock('../packages/office365/src/transport/undici-transport.ts', async (original) => {
  const actual = await original<typeof import('../packages/office365/src/transport/undici-transport.ts')>();
  const undiciTransport: typeof actual.undiciTransport = (options) =>
    watchTransport(actual.undiciTransport(options), leakWatch);
  return { ...actual, undiciTransport };
});

watchProcess(leakWatch);

const check = async (of: LeakWatch) => {
  const leaks = await of.takeLeaks();
  if (leaks.length > 0) throw leaked(leaks);
};
// Hooks run in reverse: this one comes after those of the tests.
afterEach(() => check(leakWatch));
afterAll(() => check(leakWatch));
