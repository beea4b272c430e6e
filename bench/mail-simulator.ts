import { permissions } from '@mailsphere/office365';
import type { SimulatedTenant, TenantSeed } from '@mailsphere/simulator';
import { type RunningServer, startServer } from '@mailsphere/simulator/server';
import { serve } from './directory-process.ts';
import type { SimulatedService } from './directory-simulator.ts';

/** A simulated service whose tenant has mail. */
export interface MailService extends SimulatedService {
  readonly mailboxes: number;
}

/** What to make: the tenant, and how many folders more than usual its first mailbox has. */
export interface MailTenant extends Omit<TenantSeed, 'name'> {
  readonly folders?: number;
}

/** A message as the simulator holds it. */
export interface HeldMessage {
  readonly mailboxId: string;
  readonly messageId: string;
  readonly bytes: number;
  readonly sha256: string;
}

let server: RunningServer | undefined;

/** Quotas are off: what is measured is the way of a message, not the waiting. */
async function start({ folders = 0, ...tenant }: MailTenant): Promise<MailService> {
  server = await startServer({
    tenants: [{ name: 'contoso', consented: true, ...tenant }],
    app: { requiredPermissions: permissions.map(({ id }) => id) },
    limits: false,
  });
  const { simulator, login, graph } = server;
  const { id, administrator, users } = tenantOf(server);
  const owner = users.find(({ mailbox }) => mailbox === 'user');
  for (let index = 0; owner && index < folders; index++) simulator.addFolder(id, owner.id, `Folder ${index}`);
  const { clientId, secret } = simulator.app;
  const names = { clientId, secret, tenantId: id, administrator: administrator.username };
  const mailboxes = users.filter(({ mailbox }) => mailbox !== 'none').length;
  return { login, graph, ...names, mailboxes };
}

function held(): readonly HeldMessage[] {
  const running = theServer();
  return Array.from(
    running.simulator.manifest(tenantOf(running)),
    ({ mailboxId, messageId, bytes, sha256 }) => ({ mailboxId, messageId, bytes, sha256 }),
  );
}

/** Requests by route since the last call. */
function counts(): Readonly<Record<string, number>> {
  const { simulator } = theServer();
  const byRoute = { ...simulator.counts.byRoute };
  simulator.resetCounts();
  return byRoute;
}

function theServer(): RunningServer {
  if (!server) throw new Error('The simulator is not running.');
  return server;
}

function tenantOf({ simulator }: RunningServer): SimulatedTenant {
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  return tenant;
}

serve({ start, held, counts });
