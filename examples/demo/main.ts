import { ConnectorError } from '@mailsphere/core';
import { createLocalEngine } from '@mailsphere/scheduler';
import { followAdministrator } from './administrator.ts';
import { openDemoFolder } from './demo-folder.ts';
import { type DemoOptions, parseDemoOptions, usage } from './demo-options.ts';
import { createHost } from './host.ts';
import { duration, showProgress } from './progress.ts';
import { startSimulator } from './simulator-process.ts';
import { verifyArchive } from './verification.ts';

const say = (line = '') => process.stdout.write(`${line}\n`);

/** Where state and mail are, once there is a place. */
let folder: string | undefined;

/** Longer than a killed process keeps its work to itself (15 seconds), so that its rest is waited for. */
const PATIENCE = 60_000;

async function demo(options: DemoOptions): Promise<number> {
  const startedAt = Date.now();
  const directory = openDemoFolder(options);
  folder = directory;
  const simulator = await startSimulator(options);
  say(`A simulated Microsoft 365 runs at ${simulator.graph} (sign-in at ${simulator.login}).`);
  try {
    const host = await createHost(directory, simulator);
    try {
      return await run(host, simulator, options, { directory, startedAt });
    } finally {
      await host.close();
    }
  } finally {
    simulator.stop();
  }
}

async function run(
  host: Awaited<ReturnType<typeof createHost>>,
  simulator: Awaited<ReturnType<typeof startSimulator>>,
  options: DemoOptions,
  { directory, startedAt }: { readonly directory: string; readonly startedAt: number },
): Promise<number> {
  const { connector } = host;
  const { id, status, tenant } = await connector.connections.register({
    organizationId: 'demo',
    organizationName: 'Demo Organization',
    tenant: options.tenant,
  });

  say(`\nConnect ${options.tenant}`);
  say(`  the tenant is ${tenant.tenantId}`);
  if (status === 'active') {
    say('  it is connected already: going on where the last run stopped');
    // Microsoft remembers a consent; a simulator that was started again has forgotten it.
    await fetch(`${simulator.graph}/simulator/grantConsent`, {
      method: 'POST',
      body: JSON.stringify([tenant.tenantId]),
    });
    await connector.directory.request(id);
  } else {
    const username =
      simulator.tenants.find((one) => one.id === tenant.tenantId)?.administrator.username ?? '';
    await followAdministrator(
      `${host.baseUrl}/begin?connectionId=${id}`,
      { username, refuse: options.refuse },
      (step) => say(`  the administrator ${step}`),
    );
    say('  connected');
  }

  say('\nSynchronise');
  const engine = createLocalEngine({ connector });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  connector.events.on('directory.synced', ({ run: { counts } }) => {
    const changes = Object.entries(counts).map(
      ([kind, { upserted, removed }]) => `${upserted} ${kind}s (${removed} removed)`,
    );
    say(`  directory: ${changes.join(', ')}`);
  });
  const progress = showProgress(connector, await connector.mail.status(id), process.stdout);
  engine.start();
  try {
    await engine.idle({ within: PATIENCE, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await engine.stop();
    progress.stop();
  }
  if (stop.signal.aborted) {
    say(`\nStopped. Nothing is lost: run again with --keep ${directory} to go on.`);
    return 130;
  }
  return summarise(host, simulator, id, { tenantId: tenant.tenantId, startedAt });
}

async function summarise(
  host: Awaited<ReturnType<typeof createHost>>,
  simulator: Awaited<ReturnType<typeof startSimulator>>,
  connectionId: string,
  { tenantId, startedAt }: { readonly tenantId: string; readonly startedAt: number },
): Promise<number> {
  const mail = await host.connector.mail.status(connectionId);
  const tables = await host.tables.counts(connectionId);
  const asked = await simulatorCounts(simulator.graph);
  const elapsed = Date.now() - startedAt;
  const verified = await verifyArchive(simulator.graph, tenantId, host.archive);
  const complete = verified.identical === verified.messages;

  const { domain, user, group, address, member } = tables;
  say('\nResult');
  say(
    `  directory   ${domain} domains, ${user} users, ${group} groups, ${address} addresses, ${member} memberships`,
  );
  say(
    `  mailboxes   ${Object.entries(mail.states)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')}`,
  );
  say(
    `  messages    ${mail.archived} archived, ${mail.gone} gone, ${mail.failed} failed so far; ${(mail.bytes / 1e6).toFixed(1)} MB`,
  );
  say(
    `  this run    ${asked.downloads === 0 ? 'no message was downloaded' : `${asked.downloads} messages were downloaded, with ${((asked.downloads + asked.messagePages) / asked.downloads).toFixed(3)} requests each, beside the listing of folders`}`,
  );
  say(
    `  requests    ${asked.total}, ${asked.throttled} answered with 429, at most ${asked.maxInFlight} in flight for one mailbox`,
  );
  say(
    `  time        ${duration(elapsed)}, with at most ${Math.round(process.resourceUsage().maxRSS / 1000)} MB of memory`,
  );
  say(
    `  verified    ${verified.identical} of ${verified.messages} messages are byte for byte what the simulator holds (SHA-256)`,
  );
  say(`\n  database    ${host.databaseFile}`);
  say(`  mail        ${host.mailFolder}`);
  if (complete) return 0;
  throw new ConnectorError(
    'unexpected',
    `${verified.missing} messages are missing in the mail folder and ${verified.different} differ: it was changed from outside. Remove the files that differ and the database, then run again: what is missing is archived anew.`,
  );
}

async function simulatorCounts(graph: string) {
  const response = await fetch(`${graph}/simulator/counts`);
  const counts = (await response.json()) as {
    readonly total: number;
    readonly throttled: number;
    readonly maxInFlight: number;
    readonly byRoute: Readonly<Record<string, number>>;
  };
  return {
    ...counts,
    downloads: counts.byRoute['messages.value'] ?? 0,
    messagePages: counts.byRoute['messages.delta'] ?? 0,
  };
}

// Whoever reads the output has gone: nothing is left to say, and the simulator ends with this process.
process.stdout.on('error', () => process.exit(0));

try {
  const options = parseDemoOptions(process.argv.slice(2));
  if (options === 'help') say(usage);
  else process.exitCode = await demo(options);
} catch (error) {
  const code = ConnectorError.is(error) ? error.code : 'unexpected';
  const cause =
    error instanceof Error && error.cause instanceof Error && code === 'unexpected'
      ? ` (${error.cause.message})`
      : '';
  const message = (error instanceof Error ? error.message : String(error)) + cause;
  if (folder !== undefined) say(`\nState and mail so far are in ${folder}`);
  process.stderr.write(`\nerror ${code}: ${message}\n`);
  process.exitCode = 1;
}
