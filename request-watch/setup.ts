// Runs before every test file. A test fails when a request went to Microsoft Graph as none should while it ran.
import { afterAll, afterEach, vi } from 'vitest';
import { watchSimulators } from './quota-watch.ts';
import { careless, requestWatch, watchRequests } from './request-watch.ts';

// The last step of every request to Graph, where it has all its headers.
vi.mock('../packages/office365/src/graph/transport-step.ts', async (original) => {
  const actual = await original<typeof import('../packages/office365/src/graph/transport-step.ts')>();
  const transportStep: typeof actual.transportStep = (transport, clock) =>
    actual.transportStep(watchRequests(transport, requestWatch), clock);
  return { ...actual, transportStep };
});
vi.mock('../packages/simulator/src/simulator.ts', async (original) => {
  const actual = await original<typeof import('../packages/simulator/src/simulator.ts')>();
  return { ...actual, createSimulator: watchSimulators(actual.createSimulator, requestWatch) };
});

const check = () => {
  const faults = requestWatch.takeFaults();
  if (faults.length > 0) throw careless(faults);
};
// Hooks run in reverse: this one comes after those of the tests.
afterEach(check);
afterAll(check);
