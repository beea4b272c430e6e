import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@mailsphere/core';
import { permissions } from '@mailsphere/office365';
import { plan } from '@mailsphere/scheduler';
import { startServer } from '@mailsphere/simulator/server';
import { createHost } from '../../express-host/host.ts';
import { createProvider, openFolder } from '../../express-host/office365.ts';
import { createOrganizations } from '../../express-host/organizations.ts';

export const PASSWORD = 'a long password';

export interface ExampleWorldOptions {
  /** How many the tenant of Contoso has. @default 8 */
  readonly users?: number;
}

/** The example host against the simulator: two partners, three organizations, and a time that can be put forward. */
export async function createExampleWorld({ users = 8 }: ExampleWorldOptions = {}) {
  let ahead = 0;
  const clock: Clock = { now: () => Date.now() + ahead, wait: systemClock.wait };
  const simulator = await startServer({
    tenants: [
      { name: 'contoso', displayName: 'Contoso Ltd', users, messagesPerUser: 5 },
      { name: 'fabrikam', displayName: 'Fabrikam Inc', users: 8, messagesPerUser: 2 },
    ],
    app: { requiredPermissions: permissions.map(({ id }) => id) },
  });
  const directory = mkdtempSync(join(tmpdir(), 'mailsphere-test-'));
  const stores = openFolder(directory);
  const { login, graph } = simulator;
  const { clientId, secret } = simulator.simulator.app;
  const provider = createProvider({ clientId, credential: { secret }, cloud: { login, graph } }, clock);
  const host = await createHost({
    ...stores,
    provider,
    clock,
    sessionKey: 'a key that is for this test and nothing else',
    organizations: createOrganizations([
      { id: 'contoso', name: 'Contoso', partnerId: 'harbour' },
      { id: 'fabrikam', name: 'Fabrikam', partnerId: 'harbour' },
      { id: 'northwind', name: 'Northwind', partnerId: 'summit' },
    ]),
    people: [
      {
        id: 'hanna',
        name: 'Hanna Berg',
        email: 'hanna@harbour.example',
        partnerId: 'harbour',
        password: PASSWORD,
      },
      {
        id: 'omar',
        name: 'Omar Diaz',
        email: 'omar@contoso.example',
        organizationId: 'contoso',
        password: PASSWORD,
      },
      {
        id: 'sofia',
        name: 'Sofia Lind',
        email: 'sofia@summit.example',
        partnerId: 'summit',
        password: PASSWORD,
      },
    ],
  });

  /** Asks the simulator's admin surface, as another process would. */
  const simulate = async (method: string, ...given: readonly unknown[]) => {
    const response = await fetch(`${simulator.graph}/simulator/${method}`, {
      method: 'POST',
      body: JSON.stringify(given),
    });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    host,
    microsoft: simulator.login,
    simulate,
    /** The same in this process: to look at what the tenants hold, and to change it. */
    simulator: simulator.simulator,
    /** Whether all work that is due has been done. */
    async isIdle() {
      const { due, resting } = plan(await host.connector.workload(), clock.now());
      return due.length + resting.length === 0;
    },
    async advance(milliseconds: number) {
      ahead += milliseconds;
      await simulate('advanceClock', milliseconds);
    },
    async close() {
      await host.close();
      await provider.close?.();
      await stores.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export type ExampleWorld = Awaited<ReturnType<typeof createExampleWorld>>;
