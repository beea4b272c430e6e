import { permissions } from '@mailsphere/office365';
import type { SimulatedTenant } from '@mailsphere/simulator';
import { type RunningServer, startServer } from '@mailsphere/simulator/server';
import { createRandom } from '../packages/simulator/src/random.ts';
import { serve } from './directory-process.ts';

/** What the others need to know of the simulator. */
export interface SimulatedService {
  readonly login: string;
  readonly graph: string;
  readonly clientId: string;
  readonly secret: string;
  readonly tenantId: string;
  readonly administrator: string;
}

export interface TenantSize {
  readonly users: number;
  readonly groups: number;
  readonly memberships: number;
}

let server: RunningServer | undefined;

async function start(size: TenantSize): Promise<SimulatedService> {
  server = await startServer({
    tenants: [{ name: 'contoso', ...size, consented: true }],
    app: { requiredPermissions: permissions.map(({ id }) => id) },
  });
  const { simulator, login, graph } = server;
  const { id, administrator } = tenantOf(server);
  const { clientId, secret } = simulator.app;
  return { login, graph, clientId, secret, tenantId: id, administrator: administrator.username };
}

/**
 * Changes one user in a hundred: of 20, eight get another name, six another address, three leave and three come. And as many
 * memberships in a hundred: half of them end, and half are new. Those of the users who leave go with them.
 */
function change({ users: all, memberships }: TenantSize): void {
  if (!server) throw new Error('The simulator is not running.');
  const { simulator } = server;
  const tenant = tenantOf(server);
  const random = createRandom('change');
  const people = tenant.users.filter(({ mailbox, roles }) => mailbox === 'user' && roles.length === 0);
  const each = Math.floor(people.length / (all / 100));
  for (let index = 0; index < all / 100; index++) {
    const user = people[index * each];
    const kind = index % 20;
    if (!user) throw new Error('There are enough users.');
    if (kind < 8) simulator.updateUser(tenant.id, user.id, { displayName: `${user.displayName} Jr.` });
    else if (kind < 14)
      simulator.updateUser(tenant.id, user.id, {
        proxyAddresses: [...user.proxyAddresses, `smtp:alias-${index}@${tenant.domains[1]}`],
      });
    else if (kind < 17) simulator.removeUser(tenant.id, user.id);
    else simulator.addUser(tenant.id, { nickname: `newcomer-${index}` });
  }
  const { groups, users } = tenant;
  for (let index = 0; index < memberships / 100; index++) {
    const group = random.pick(groups);
    const [first] = group.members;
    if (index % 2 === 0 && first !== undefined) simulator.removeGroupMember(tenant.id, group.id, first);
    else simulator.addGroupMember(tenant.id, group.id, random.pick(users).id);
  }
}

function tenantOf({ simulator }: RunningServer): SimulatedTenant {
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  return tenant;
}

serve({ start, change });
