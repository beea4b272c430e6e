import { createConnector, memoryDirectory, type Task } from '@mailsphere/core';
import { office365 } from '@mailsphere/office365';
import { createLocalEngine } from '@mailsphere/scheduler';
import {
  createSimulator,
  type ManifestEntry,
  type Quirks,
  type Scenario,
  type Simulator,
} from '@mailsphere/simulator';
import { mulberry } from '../../../packages/office365/test/mulberry.ts';
import type { Authorized } from '../histories/fleet.ts';
import { type IdleClock, idleClock } from '../histories/idle-clock.ts';
import { inMemory, type Kept, onDisk } from './kept.ts';
import type { Part, Row, Town } from './row.ts';
import { timedTransport } from './timed-transport.ts';
import { createWaits, type Waits } from './waits.ts';

/** What came of a history. */
export interface Outcome {
  readonly simulator: Simulator;
  readonly tenantId: string;
  readonly kept: Kept;
  readonly waits: Waits;
  /** Every message that there was at any time. */
  readonly everything: ReadonlySet<string>;
  readonly poison: ReadonlySet<string>;
  /** How often each message that can never be had was answered for in the first round. */
  readonly poisonTries: readonly number[];
  /** Messages that were put off in the first round. */
  readonly putOff: readonly { readonly messageId: string; readonly attempts: number }[];
  readonly failures: readonly {
    readonly messageId: string;
    readonly attempts: number;
    readonly code: string;
  }[];
  /** Messages that the first round neither archived nor noted as failed. */
  readonly lost: readonly string[];
  /** Milliseconds until the first round was over. */
  readonly took: number;
  /** Of all mailboxes, by their status. */
  readonly archived: number;
}

const DAY = 24 * 3_600_000;
// A round that does not come to its end in this time never will.
const LONGEST = 2 * DAY;
// Whoever has no mailbox is asked again after an hour, and then much later.
const PATIENCE = 2 * 3_600_000;

/** The rows, one upon the other. */
function merged(parts: readonly Part[]): Part {
  return {
    faults: parts.flatMap(({ faults = [] }) => faults),
    changes: parts.flatMap(({ changes = [] }) => changes),
    quirks: Object.assign({}, ...parts.map(({ quirks }) => quirks)) as Partial<Quirks>,
    ...parts.reduce<Pick<Scenario, 'devProxy'>>(
      (found, { devProxy }) => (devProxy ? { devProxy } : found),
      {},
    ),
    poison: parts.flatMap(({ poison = [] }) => poison),
  };
}

/** A tenant is read from its beginning, and again days later, while the rows happen to it. */
export async function badDay(
  authorized: Authorized,
  chosen: readonly Row[],
  { seed, disk = false }: { readonly seed: number; readonly disk?: boolean },
): Promise<Outcome> {
  const random = mulberry(seed);
  const clock = idleClock();
  const simulator = createSimulator({
    clock,
    latencyMs: 120,
    tenants: [
      {
        name: 'contoso',
        users: 5,
        messagesPerUser: 10,
        messageSize: { medianBytes: 3_000, maxBytes: 150_000 },
        consented: true,
      },
    ],
  });
  const town = townOf(simulator, random, clock, addKnown(simulator));
  const { poison = [], ...scenario } = merged(chosen.map((row) => row.part(town)));
  const kept = disk ? await onDisk(clock) : inMemory();
  const waits = createWaits(clock);
  const everything = new Set([...simulator.manifest(town.tenantId)].map(({ messageId }) => messageId));
  const spoiled = spoil(simulator, town, scenario, seed);
  const everyPoison = new Set([...poison, spoiled.poison]);

  const connector = createConnector({
    providers: [
      office365({
        clientId: simulator.app.clientId,
        credential: { secret: simulator.app.secret },
        transport: timedTransport(simulator.fetch, clock, waits),
        clock,
        random,
      }),
    ],
    storage: await authorized.copyFor(CONNECTION),
    directory: memoryDirectory(),
    archive: kept.archive,
    baseUrl: 'http://localhost/connect',
    hooks: { authorize: () => 'anna' },
    mailSync: { drafts: true },
    clock,
  });
  const run = async (task: Task, options: { readonly signal: AbortSignal }) => {
    try {
      const outcome = await connector.run(task, options);
      waits.ran(task, false, outcome.status === 'completed');
      if (task.kind === 'mail.plan')
        for (const { mailboxId, state } of (await connector.mail.status(CONNECTION)).mailboxes)
          if (state === 'removed') waits.left(mailboxId);
      return outcome;
    } catch (error) {
      waits.ran(task, true, false);
      throw error;
    }
  };
  const engine = createLocalEngine({
    connector: { workload: connector.workload, run },
    clock,
    random,
    pollInterval: DAY,
  });
  const untilIdle = async () => {
    for (const end = clock.now() + LONGEST; ; ) {
      // What failed three times in a row is not waited for, but goes on later.
      await engine.idle().catch(() => {});
      const [work] = await connector.workload();
      const open = work?.mail?.mailboxes.filter(({ resumeAt = 0 }) => resumeAt < clock.now() + PATIENCE);
      if (work?.mail?.plannedAt !== undefined && open?.length === 0) return;
      if (clock.now() > end) throw new Error(`Not idle after ${LONGEST / DAY} days: ${JSON.stringify(work)}`);
      await clock.wait(60_000);
    }
  };
  const failuresNow = () => Array.fromAsync(connector.mail.failures(CONNECTION));
  const lostSoFar = async () => {
    const noted = new Set([spoiled.moved]);
    for (const { messageId } of await failuresNow()) noted.add(messageId);
    const lost: string[] = [];
    for (const { mailboxId, messageId } of simulator.manifest(town.tenantId))
      if (!noted.has(messageId))
        lost.push(...(await kept.archive.missing({ tenantId: town.tenantId, mailboxId }, [messageId])));
    return lost;
  };
  const live = async () => {
    engine.start();
    await untilIdle();
    const took = clock.now() - BEGIN;
    const lost = chosen.every(bringsAllAtOnce) ? await lostSoFar() : [];
    const putOff = (await failuresNow()).filter(({ deferrals }) => deferrals > 0);
    const poisonTries = [...everyPoison].map((id) => waits.answers(pathOf(simulator, town.tenantId, id)));
    const days = new Set(chosen.flatMap((row) => row.days ?? [1]));
    for (const day of [...days].sort((one, other) => one - other)) {
      await clock.wait(BEGIN + day * DAY + 3_600_000 - clock.now());
      await untilIdle();
    }
    const failures = await failuresNow();
    const { mailboxes } = await connector.mail.status(CONNECTION);
    await engine.stop();
    await connector.close();
    const archived = mailboxes.reduce((sum, mailbox) => sum + mailbox.archived, 0);
    return { took, lost, putOff, poisonTries, failures, archived };
  };
  const lived = await clock.run(live());
  return {
    simulator,
    tenantId: town.tenantId,
    kept,
    waits,
    everything,
    poison: everyPoison,
    ...lived,
  };
}

// Seconds: between the first round and the second.
const NEW_MAIL = 12 * 3_600;
const CONNECTION = 'connection-of-a-bad-day';
const BEGIN = idleClock().now();

// A later round finds what these hide from the first one.
const bringsAllAtOnce = ({ id }: Row) => !['D3', 'D4', 'H4'].includes(id);

/** Messages whose bytes are known. */
function addKnown(simulator: Simulator): Pick<Town, 'parted' | 'plain'> {
  const [tenant] = simulator.tenants;
  const [mailbox = ''] = tenant?.mailboxes ?? [];
  const add = (raw: string) => simulator.addMessage(tenant?.id ?? '', mailbox, 'inbox', { raw }).messageId;
  const body = 'Line by line by line.\r\n'.repeat(40);
  const part = `--edge\r\nContent-Type: text/plain\r\n\r\n${body}`;
  return {
    plain: add(`Subject: plain\r\nContent-Type: text/plain\r\n\r\n${body}`),
    parted: add(
      `Subject: parted\r\nContent-Type: multipart/mixed; boundary="edge"\r\n\r\n${part}${part}--edge--\r\n`,
    ),
  };
}

const pathOf = (simulator: Simulator, tenantId: string, id: string) => {
  const mailboxId = [...simulator.manifest(tenantId)].find(({ messageId }) => messageId === id)?.mailboxId;
  return `/v1.0/users/${mailboxId}/messages/${id}/$value`;
};

function townOf(
  simulator: Simulator,
  random: () => number,
  clock: IdleClock,
  known: Pick<Town, 'parted' | 'plain'>,
): Town {
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const all = [...simulator.manifest(tenant.id)];
  const sizes = tenant.mailboxes.map((id) => all.filter(({ mailboxId }) => mailboxId === id));
  const largest = sizes.filter((each) => each.length > 3).sort((one, other) => other.length - one.length);
  return {
    ...known,
    tenantId: tenant.id,
    mailboxes: largest.map(([first]) => first?.mailboxId ?? ''),
    messages: crowded(largest[0] ?? []),
    lone: largest[2]?.[0]?.messageId ?? '',
    folderId: largest[1]?.at(-1)?.folderId ?? '',
    random,
    now: clock.now(),
  };
}

/** The messages of the fullest folder. */
function crowded(messages: readonly ManifestEntry[]): readonly string[] {
  const folders = Object.values(Object.groupBy(messages, ({ folderId }) => folderId));
  const [fullest = []] = folders.sort((one, other) => (other?.length ?? 0) - (one?.length ?? 0));
  return fullest.map(({ messageId }) => messageId);
}

/** What every history has: a message that nobody can read, one that is moved, one that is deleted. */
function spoil(simulator: Simulator, town: Town, scenario: Scenario, seed: number) {
  const { tenantId, random } = town;
  const [mailbox = ''] = town.mailboxes;
  const inside = [...simulator.manifest(tenantId)].filter(
    ({ mailboxId, messageId }) =>
      mailboxId === mailbox && ![...town.messages, town.parted, town.plain].includes(messageId),
  );
  const take = () => inside.splice(Math.floor(random() * inside.length), 1)[0]?.messageId ?? '';
  const [poison, moved, removed] = [take(), take(), take()];
  simulator.poisonMessage(tenantId, mailbox, poison);
  const at = () => Math.floor(random() * 6);
  const raw = 'Subject: new\r\n\r\nIt came when all the others were archived.';
  simulator.setScenario({
    ...scenario,
    seed,
    changes: [
      ...(scenario.changes ?? []),
      { at: at(), call: 'moveMessage', arguments: [tenantId, mailbox, moved, 'junkemail'] },
      { at: at(), call: 'removeMessage', arguments: [tenantId, mailbox, removed] },
      { at: NEW_MAIL, call: 'addMessage', arguments: [tenantId, mailbox, 'inbox', { raw }] },
    ],
  });
  return { poison, moved };
}
