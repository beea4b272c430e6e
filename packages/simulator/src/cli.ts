#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeTenant } from './admin-surface.ts';
import { CALLABLE } from './callable.ts';
import { parseScenario } from './scenario/parse-scenario.ts';
import type { Scenario } from './scenario/scenario.ts';
import { type RunningServer, startServer } from './server.ts';
import type { SimulatorOptions, TenantSeed } from './simulator-options.ts';

const USAGE = `Usage: npm run simulator -- [flags]
  --users N             users in the tenant, all kinds together (12)
  --messages N          mean number of messages in a mailbox (40)
  --seed N              same seed, same tenants, ids and bytes (1)
  --latency MS          milliseconds added to every answer of Graph (0)
  --mail PATH           a folder of .eml files or an mbox file in place of made-up mail
  --scenario FILE       what goes wrong, as JSON (nothing)
  --login-port N        port of the sign-in service (any)
  --graph-port N        port of Graph (any)
  --redirect-uri URI    a redirect URI to register, may be repeated (http://localhost and http://127.0.0.1, any port and path)
  --permission NAME     an application permission that the app asks for, may be repeated
  --json                print one line of JSON when ready
  --exit-with-parent    stop when standard input closes`;

/** A flag that cannot be understood. */
class UsageError extends Error {}

function flags() {
  try {
    return parseArgs({
      strict: true,
      allowPositionals: false,
      options: {
        users: { type: 'string' },
        messages: { type: 'string' },
        seed: { type: 'string' },
        latency: { type: 'string' },
        mail: { type: 'string' },
        scenario: { type: 'string' },
        'login-port': { type: 'string' },
        'graph-port': { type: 'string' },
        'redirect-uri': { type: 'string', multiple: true },
        permission: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        'exit-with-parent': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function whole(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`--${flag} takes a whole number from ${least} to ${most}, not '${text}'`);
  return value;
}

function mailAt(path: string): NonNullable<TenantSeed['mail']> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`--mail: there is nothing at '${path}'`);
  return found.isDirectory() ? { directory: path } : { mbox: path };
}

function scenarioAt(path: string): Scenario {
  try {
    return parseScenario(JSON.parse(readFileSync(path, 'utf8')), CALLABLE);
  } catch (error) {
    throw new UsageError(`--scenario ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function redirectUri(text: string): string {
  if (!URL.canParse(text))
    throw new UsageError(
      `--redirect-uri takes a whole address such as http://localhost:3000/callback, not '${text}'`,
    );
  return text;
}

async function start(given: ReturnType<typeof flags>): Promise<RunningServer> {
  const users = whole('users', given.users, 1, 1_000_000);
  const messagesPerUser = whole('messages', given.messages, 0, 10_000_000);
  const seed = whole('seed', given.seed, 0, 4_294_967_295);
  const latencyMs = whole('latency', given.latency, 0, 600_000);
  const tenant: TenantSeed = {
    name: 'contoso',
    ...(users === undefined ? {} : { users }),
    ...(messagesPerUser === undefined ? {} : { messagesPerUser }),
    ...(given.mail === undefined ? {} : { mail: mailAt(given.mail) }),
  };
  const options: SimulatorOptions = {
    tenants: [tenant],
    ...(seed === undefined ? {} : { seed }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(given.scenario === undefined ? {} : { scenario: scenarioAt(given.scenario) }),
    app: {
      ...(given['redirect-uri'] === undefined
        ? {}
        : { redirectUris: given['redirect-uri'].map(redirectUri) }),
      ...(given.permission === undefined ? {} : { requiredPermissions: given.permission }),
    },
  };
  return startServer(options, {
    loginPort: whole('login-port', given['login-port'], 0, 65_535) ?? 0,
    graphPort: whole('graph-port', given['graph-port'], 0, 65_535) ?? 0,
  });
}

function announce({ simulator, login, graph }: RunningServer, json: boolean): void {
  const { clientId, secret, requiredPermissions } = simulator.app;
  const tenants = simulator.tenants.map((tenant) => describeTenant(simulator, tenant.id));
  if (json) {
    console.log(JSON.stringify({ login, graph, clientId, secret, tenants }));
    return;
  }
  console.log(`A Microsoft 365 is running on your machine.

  Sign-in        ${login}
  Graph          ${graph}/v1.0
  Counts         ${graph}/simulator/counts
  Client id      ${clientId}
  Client secret  ${secret}
  Permissions    ${requiredPermissions.join(', ')}`);
  for (const tenant of tenants) {
    console.log(`
  Tenant         ${tenant.displayName}, ${tenant.id}
  Domains        ${tenant.domains.join(', ')}
  Administrator  ${tenant.administrator.username}
  Holds          ${tenant.users} users, ${tenant.mailboxes} mailboxes`);
  }
  console.log('\nNo password is asked for. Stop it with Ctrl+C.');
}

async function main(): Promise<void> {
  const given = flags();
  if (given.help === true) {
    console.log(USAGE);
    return;
  }
  const server = await start(given);
  const stop = () => {
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (given['exit-with-parent'] === true)
    process.stdin.resume().once('end', stop).once('close', stop).once('error', stop);
  announce(server, given.json === true);
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  console.error(
    error instanceof UsageError ? `${text}. See --help.` : `The simulator did not start: ${text}`,
  );
  process.exitCode = 1;
});
