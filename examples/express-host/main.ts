import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopOnSignals } from '@mailsphere/scheduler';
import { consoleLogger } from './console-logger.ts';
import { type Environment, explain, readEnvironment } from './environment.ts';
import { createHost } from './host.ts';
import { createProvider, openFolder } from './office365.ts';
import { createOrganizations } from './organizations.ts';
import { type Simulator, startSimulator } from './simulator.ts';

const say = (line = '') => process.stdout.write(`${line}\n`);

// What was opened is closed in the opposite order, however this ends.
const opened: (() => unknown)[] = [];
async function close(): Promise<void> {
  for (const closeOne of opened.splice(0).reverse()) await closeOne();
}

async function start(environment: Environment): Promise<void> {
  let { registration } = environment;
  let simulator: Simulator | undefined;
  if (!registration) {
    simulator = await startSimulator();
    opened.push(simulator.close);
    registration = simulator.registration;
  }
  const provider = createProvider(registration);
  opened.push(() => provider.close?.());
  const directory = environment.directory ?? temporaryFolder();
  const stores = openFolder(directory);
  opened.push(stores.close);
  const host = await createHost({
    ...stores,
    provider,
    port: environment.port,
    baseUrl: environment.baseUrl,
    people: environment.people,
    organizations: createOrganizations(environment.organizations, join(directory, 'organizations.json')),
    sessionKey: environment.sessionKey,
    logger: consoleLogger(process.stdout),
  });
  opened.push(host.close);

  introduce(environment, host.url, directory);
  if (simulator) {
    for await (const { status, tenant } of host.connector.connections.list())
      if (status === 'active') simulator.remember(tenant.tenantId);
    introduceTenants(simulator.tenants);
  }
  say('\nCtrl-C stops it.\n');
  stopOnSignals({
    async stop() {
      await close();
      say('Stopped.');
    },
  });
}

function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mailsphere-host-'));
  opened.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function introduce({ people, password, organizations }: Environment, url: string, directory: string): void {
  say(`The host is at ${url}\n`);
  say(`Sign in there${password === undefined ? '' : ` with the password ${password}`} as`);
  for (const { name, email, partnerId, organizationId } of people) {
    const managed = organizations.filter((one) => one.id === organizationId || one.partnerId === partnerId);
    say(`  ${email}  ${name}, who manages ${managed.map((one) => one.name).join(' and ')}`);
  }
  say(`\nState and mail are in ${directory}`);
}

function introduceTenants(tenants: Simulator['tenants']): void {
  say('\nMicrosoft 365 is simulated: no password is asked for there.');
  for (const { displayName, domain, administrator, member } of tenants) {
    say(`  ${displayName}: tenant ${domain}`);
    say(`    ${administrator}  Global Administrator`);
    if (member !== undefined) say(`    ${member}  a member, who may not consent`);
  }
}

try {
  const file = fileURLToPath(new URL('.env', import.meta.url));
  if (existsSync(file)) process.loadEnvFile(file);
  await start(readEnvironment(process.env));
} catch (error) {
  await close();
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
