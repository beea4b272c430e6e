import { permissions } from '@mailsphere/office365';
import { startServer } from '@mailsphere/simulator/server';
import type { Registration } from './office365.ts';

export interface Simulator {
  /** In place of one at Microsoft. */
  readonly registration: Registration;
  readonly tenants: readonly {
    readonly displayName: string;
    readonly domain: string;
    /** Who signs in as a Global Administrator. */
    readonly administrator: string;
    /** Who signs in, and may not consent. */
    readonly member: string | undefined;
  }[];
  /** Microsoft remembers a consent; a simulator that was started again has forgotten it. */
  remember(tenantId: string): void;
  close(): Promise<void>;
}

/** Microsoft 365 on this machine: a tenant for each organization of the sample, and people who can sign in to it. */
export async function startSimulator(): Promise<Simulator> {
  const server = await startServer({
    tenants: [
      { name: 'contoso', displayName: 'Contoso Ltd', users: 12, messagesPerUser: 40 },
      { name: 'fabrikam', displayName: 'Fabrikam Inc', users: 8, messagesPerUser: 20 },
      { name: 'northwind', displayName: 'Northwind Traders', users: 8, messagesPerUser: 20 },
    ],
    // What a host does once in the portal: list in the app registration what the provider needs.
    app: { displayName: 'Example host', requiredPermissions: permissions.map(({ id }) => id) },
    latencyMs: 20,
  });
  const { simulator, login, graph } = server;
  return {
    registration: {
      clientId: simulator.app.clientId,
      credential: { secret: simulator.app.secret },
      cloud: { login, graph },
    },
    tenants: simulator.tenants.map(({ displayName, domains, accounts }) => ({
      displayName,
      domain: domains[0] ?? '',
      administrator: accounts.administrator.username,
      member: accounts.member?.username,
    })),
    remember: (tenantId: string) => {
      if (simulator.tenants.some(({ id }) => id === tenantId)) simulator.grantConsent(tenantId);
    },
    close: server.close,
  };
}
