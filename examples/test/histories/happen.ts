import { randomUUID } from 'node:crypto';
import { ConnectorError, type DirectoryRun, directoryKinds } from '@mailsphere/core';
import type { SqlDirectory } from '@mailsphere/storage/sqlite';
import { expect } from 'vitest';
import { createChanges } from './changes.ts';
import { type Authorized, createFleet, type Process } from './fleet.ts';
import { faults, type History, type Sync } from './history.ts';
import { scopes, within } from './scopes.ts';
import { type DirectoryState, differences, stateOfTables, stateOfTenant } from './tenant-state.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
// Longer than the lease of a process that died.
const LEASE = 16_000;

/** Where the directories go: the same tables with and without a record of the changes. */
export interface Tables {
  readonly plain: SqlDirectory;
  readonly recording: SqlDirectory;
  /** How many memberships are of no group. */
  strayMembers(): Promise<number>;
}

const undisturbed = { crash: undefined, faults: [], meanwhile: [] };

/** Lets a history happen, and compares the tables with the tenant after each sync that has come to its end. */
export async function happen(authorized: Authorized, tables: Tables, history: History): Promise<void> {
  const { page: directoryPage, emptyPages, repeatedRows, staleRows, threshold, steps } = history;
  const connectionId = randomUUID();
  const directory = history.recording ? tables.recording : tables.plain;
  let wanted = history.scope;
  const quirks = { directoryPage, emptyPages, repeatedRows, staleRows };
  const fleet = await createFleet({
    authorized,
    connectionId,
    directory,
    quirks,
    directorySync: { threshold, scope: () => scopes[wanted].scope },
  });
  const { clock, simulator } = fleet;
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const makeChange = createChanges(simulator, tenant);
  const read = () => stateOfTables(directory, connectionId);

  let process = fleet.start();
  const late: NonNullable<Process['late']>[] = [];
  // A round that was broken off goes on later, and need not bring what changed since it began.
  let isOpen = false;
  let isUnseen = false;
  let hasEnded = false;

  /** One run, as far as it comes. */
  const run = async ({
    allowRemovals,
    crash,
    ...met
  }: Omit<Sync, 'do'>): Promise<DirectoryRun | undefined> => {
    if (crash) process = fleet.start(crash);
    for (const { route, answer, times } of met.faults)
      simulator.inject({ route, answer: faults[answer], times });
    let request = 0;
    fleet.onRequest = () => {
      request++;
      for (const { change } of met.meanwhile.filter((each) => each.request === request)) {
        isUnseen = true;
        makeChange(change);
      }
    };
    const ended = await clock
      .run(process.connector.directory.sync(connectionId, { allowRemovals }))
      .catch((error: unknown) => error);
    fleet.onRequest = () => {};
    simulator.clearFaults();
    if (process.dead) {
      late.push(...(process.late ? [process.late] : []));
      process = fleet.start();
      clock.pass(LEASE);
    } else if (!(ended instanceof Error)) return ended as DirectoryRun;
    // A service that answers as it should is no reason to fail.
    else if (met.faults.length === 0 || !ConnectorError.is(ended)) throw ended;
    // Who asked for a pause, or refused a token, is not asked again at once.
    else clock.pass(Math.max(MINUTE, (ended.retryAt ?? 0) - clock.now()));
    isOpen = true;
    return undefined;
  };

  const sync = async (given: Omit<Sync, 'do'>): Promise<void> => {
    // With faults there may be several runs, of which only the last one is known.
    const before = given.allowRemovals || given.faults.length > 0 ? undefined : await read();
    const ended = await run(given);
    if (!ended) return;
    const after = await read();
    if (before) expectBelievable(ended, { before, after, isMeasured: hasEnded, threshold });
    hasEnded = true;
    isOpen = false;
    if (isUnseen) {
      isUnseen = false;
      await sync({ ...undisturbed, allowRemovals: given.allowRemovals });
      return;
    }
    expectSame(ended, after, within(stateOfTenant(tenant), wanted));
    for (const arrive of late.splice(0)) await expect(arrive()).rejects.toMatchObject({ code: 'conflict' });
  };

  for (const step of steps) {
    if (step.do === 'sync') await sync(step);
    else if (step.do === 'wait') clock.pass(step.hours * HOUR);
    else if (step.do === 'scope') wanted = step.to;
    else {
      isUnseen ||= isOpen;
      makeChange(step);
    }
  }
  // Whatever came before, this one has to succeed.
  await sync({ ...undisturbed, allowRemovals: true });
}

/** What is held is still there, and more than is believable went only when somebody let it. */
function expectBelievable(
  { held }: DirectoryRun,
  seen: {
    readonly before: DirectoryState;
    readonly after: DirectoryState;
    readonly isMeasured: boolean;
    readonly threshold: History['threshold'];
  },
): void {
  const { before, after, isMeasured, threshold } = seen;
  for (const kind of directoryKinds) {
    const gone = [...before[kind].keys()].filter((id) => !after[kind].has(id));
    if (held[kind]) expect({ kind, gone }).toEqual({ kind, gone: [] });
    if (!isMeasured) continue;
    const stored = new Set([...before[kind].keys(), ...after[kind].keys()]).size;
    const isTooMuch = gone.length > threshold.count && gone.length > threshold.share * stored;
    expect({ kind, gone: isTooMuch ? gone : [] }).toEqual({ kind, gone: [] });
  }
}

/** The tables are as the tenant is, but for what is held. */
function expectSame({ outcome, held }: DirectoryRun, tables: DirectoryState, tenant: DirectoryState): void {
  expect(outcome).toBe(Object.keys(held).length > 0 ? 'held' : 'completed');
  const wrong = directoryKinds.flatMap((kind) => {
    if (!held[kind]) return differences(kind, tables[kind], tenant[kind]);
    // What is held may be more than there should be, and so may the members of a group that are.
    const ids = [...tenant[kind].keys()];
    const without = (state: DirectoryState) =>
      new Map(ids.map((id) => [id, { ...state[kind].get(id), members: [] }]));
    return differences(kind, without(tables), without(tenant));
  });
  expect(wrong).toEqual([]);
  if (outcome === 'completed') expect(tables.rows).toEqual(tenant.rows);
}
