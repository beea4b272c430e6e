import type { Connector } from '@mailsphere/core';
import { authorizeAsAdministrator, type SimulatedTenant } from '@mailsphere/simulator';

/** The `baseUrl` of a connector that no server stands in front of. */
export const BASE_URL = 'http://localhost/connect';

/**
 * Registers a connection, and lets the tenant's administrator authorise it.
 * @param fetch Answers for the simulator.
 */
export async function activeConnection(
  connector: Connector,
  tenant: SimulatedTenant,
  fetch: (request: Request) => Promise<Response>,
): Promise<string> {
  const { id } = await connector.connections.register({ organizationId: 'org-1', tenant: tenant.name });
  await authorizeAsAdministrator(`${BASE_URL}/begin?connectionId=${id}`, {
    username: tenant.administrator.username,
    fetch: (request) => (request.url.startsWith(BASE_URL) ? connector.handler(request) : fetch(request)),
  });
  const connection = await connector.connections.get(id);
  if (connection?.status !== 'active') throw new Error(`The connection is ${connection?.status}.`);
  return id;
}
