import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizeAsAdministrator } from '@mailsphere/simulator';
import { contactSelect } from '../packages/office365/src/directory/contact-row.ts';
import { domainSelect } from '../packages/office365/src/directory/domain-row.ts';
import { groupSelect } from '../packages/office365/src/directory/group-row.ts';
import { userSelect } from '../packages/office365/src/directory/user-row.ts';
import { startPostgres } from '../packages/storage/test/postgres-server.ts';
import type { BareReading } from './directory-bare.ts';
import { type Program, startProgram } from './directory-process.ts';
import type { SimulatedService, TenantSize } from './directory-simulator.ts';
import type { Place, Syncing } from './directory-sync.ts';
import type { Row } from './report.ts';

const ROUNDS = ['first', 'second', 'third'] as const;

const sizeOf = (users: number): TenantSize => ({ users, groups: users / 10, memberships: users * 5 });
const LARGE = sizeOf(100_000);
const SMALL = sizeOf(10_000);

// Megabytes: enough for a page and what is stored of it, and far less than the larger tenant.
const HEAP = 96;

interface Measured {
  readonly size: TenantSize;
  readonly bare: readonly BareReading[];
  readonly synced: readonly Syncing[];
}

/** One tenant three times, by the bare loop and by the SDK: everything, after a change of one in a hundred, and without a change. */
async function measure(size: TenantSize, place: Place): Promise<Measured> {
  const programs: Program[] = [];
  const start = (name: string, heap?: number) => {
    const program = startProgram(name, heap);
    programs.push(program);
    return program;
  };
  try {
    const simulator = start('directory-simulator.ts');
    const service = await simulator.ask<SimulatedService>('start', size);
    const host = start('directory-sync.ts', HEAP);
    const username = service.administrator;
    await authorizeAsAdministrator(await host.ask<string>('start', { service, place }), { username });
    const loop = start('directory-bare.ts', HEAP);
    const token = await tokenOf(service);
    const bare: BareReading[] = [];
    const synced: Syncing[] = [];
    for (const round of ROUNDS) {
      if (round === 'second') await simulator.ask('change', size);
      const links = bare.at(-1)?.links ?? beginnings(service.graph);
      bare.push(await loop.ask('read', { links, token }));
      synced.push(await host.ask('sync'));
    }
    return { size, bare, synced };
  } finally {
    for (const program of programs) await program.stop();
  }
}

const beginnings = (graph: string) => [
  `${graph}/v1.0/domains?$select=${domainSelect}`,
  `${graph}/v1.0/users/delta?$select=${userSelect}`,
  `${graph}/v1.0/contacts/delta?$select=${contactSelect}`,
  `${graph}/v1.0/groups/delta?$select=${groupSelect}`,
];

export async function tokenOf({
  login,
  graph,
  clientId,
  secret,
  tenantId,
}: SimulatedService): Promise<string> {
  const answer = await fetch(`${login}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope: `${graph}/.default`,
    }),
  });
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  return access_token;
}

const whole = (value: number) => Math.round(value).toLocaleString('en');
const percent = (part: number, all: number) => `${((part / all) * 100).toFixed(1)} %`;

function rowsOf({ size, bare, synced }: Measured): readonly Row[] {
  return ROUNDS.flatMap((round, index) => {
    const [loop, sdk] = [bare[index], synced[index]];
    if (!loop || !sdk) return [];
    const cost = ({ requests, resourceUnits, seconds, cpu, peakMemory }: BareReading | Syncing) =>
      `${whole(requests)} requests, ${whole(resourceUnits)} units, ${seconds.toFixed(2)} s (${cpu.toFixed(2)} s of a processor), peak ${whole(peakMemory)} MB`;
    const changed = `${whole(sdk.upserted)} entries written and ${whole(sdk.removed)} removed`;
    const did =
      round === 'first'
        ? `${whole(size.users / (sdk.phases.user ?? Number.NaN))} users/s, ${whole(sdk.rows / sdk.seconds)} rows/s`
        : changed;
    const speed = round === 'first' ? `${whole(size.users / (loop.phases[1] ?? Number.NaN))} users/s; ` : '';
    return [
      {
        name: `${whole(size.users)} users, ${round} sync`,
        result: `${did}; ${cost(sdk)}`,
        against: `bare loop: ${speed}${cost(loop)}; ratio ${(sdk.seconds / loop.seconds).toFixed(1)}`,
      },
    ];
  });
}

const compared = (large: number, small: number) =>
  `ratio ${(large / small).toFixed(2)}: ${whole(large)} MB and ${whole(small)} MB`;

function targets(small: Measured, large: Measured): readonly Row[] {
  const [first, second, third] = large.synced;
  const [before, loopBefore, loop] = [small.synced[0], small.bare[0], large.bare[0]];
  if (!first || !second || !third || !before || !loopBefore || !loop) return [];
  const relative = (round: Syncing) =>
    `${percent(round.requests, first.requests)} of the requests, ${percent(round.seconds, first.seconds)} of the seconds, ${percent(round.cpu, first.cpu)} of the processor`;
  return [
    {
      name: 'users read, parsed and stored',
      result: `${whole(large.size.users / (first.phases.user ?? Number.NaN))}/s`,
      against: 'target: at least 30,000/s',
    },
    {
      name: 'rows of all tables',
      result: `${whole(first.rows / first.seconds)}/s of ${whole(first.rows)}`,
      against: 'target: at least 60,000/s with SQLite',
    },
    {
      name: 'second against first, 1 % changed',
      result: relative(second),
      against: 'target: what changed, and no more',
    },
    {
      name: 'third against first, nothing changed',
      result: relative(third),
      against: 'target: one request for each kind',
    },
    {
      name: 'peak of memory, ten times the tenant',
      result: compared(first.peakMemory, before.peakMemory),
      against: `target: 1; the bare loop, which keeps nothing: ${compared(loop.peakMemory, loopBefore.peakMemory)}`,
    },
    {
      name: 'held after a collection, ten times the tenant',
      result: compared(first.heldMemory, before.heldMemory),
      against: 'target: 1, as pages are as large',
    },
  ];
}

async function compare(placeOf: (users: number) => Place): Promise<readonly Row[]> {
  const small = await measure(SMALL, placeOf(SMALL.users));
  const large = await measure(LARGE, placeOf(LARGE.users));
  return [...rowsOf(small), ...rowsOf(large), ...targets(small, large)];
}

/** Reads, stores and keeps in step a tenant of 100,000 users, in a file of SQLite. */
export async function benchDirectory(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mailsphere-bench-'));
  try {
    return await compare((users) => ({ sqlite: join(folder, `${users}.sqlite`) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same in PostgreSQL. */
export async function benchDirectoryPostgres(): Promise<readonly Row[]> {
  const server = await startPostgres();
  try {
    return await compare((users) => ({ postgres: server.url, schema: `users_${users}` }));
  } finally {
    await server.close();
  }
}
