import {
  type Clock,
  ConnectorError,
  createConnector,
  type MailArchive,
  type StorageAdapter,
  systemClock,
  type Task,
} from '@mailsphere/core';
import {
  type CloudRoots,
  office365,
  type UndiciTransportOptions,
  undiciTransport,
} from '@mailsphere/office365';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { BASE_URL } from '../active-connection.ts';
import { type DatabasePlace, openPlace } from '../database-place.ts';

/** Where a host keeps its state and its mail, and what it talks to; as JSON it can be told to another process. */
export interface MailPlace {
  readonly place: DatabasePlace;
  /** The folder of the archive. */
  readonly folder: string;
  readonly cloud: CloudRoots;
  readonly clientId: string;
  readonly secret: string;
  readonly connectionId: string;
  /** How long a silent service is waited for. @default the transport's own */
  readonly timeouts?: UndiciTransportOptions;
}

/** A clock that can be put ahead, and may run faster than the real one. */
export interface ForwardClock extends Clock {
  putAhead(milliseconds: number): void;
}

export function forwardClock({ ahead = 0, speed = 1 } = {}): ForwardClock {
  const start = Date.now();
  let offset = ahead;
  return {
    now: () => Math.floor(start + (Date.now() - start) * speed) + offset,
    wait: (milliseconds, options) => systemClock.wait(milliseconds / speed, options),
    putAhead(milliseconds) {
      offset += Math.max(0, milliseconds);
    },
  };
}

/** Looks into what a host calls, on its way. */
export interface Wrapping {
  storage(storage: StorageAdapter): StorageAdapter;
  archive<Archive extends MailArchive>(archive: Archive): Archive;
}

const asIs: Wrapping = { storage: (storage) => storage, archive: (archive) => archive };

/** A host that archives mail: state in a database, mail in a folder. */
export async function openMailHost(
  { place, folder, cloud, clientId, secret, connectionId, timeouts }: MailPlace,
  { clock = forwardClock(), wrapping = asIs }: { clock?: ForwardClock; wrapping?: Wrapping } = {},
) {
  const database = await openPlace(place);
  const storage = wrapping.storage(database.storage);
  const archive = wrapping.archive(filesystemArchive({ directory: folder }));
  const transport = undiciTransport(timeouts);
  const provider = office365({ clientId, credential: { secret }, cloud, transport, clock });
  const connector = createConnector({
    providers: [provider],
    storage,
    directory: database.directory,
    archive,
    baseUrl: BASE_URL,
    mailSync: { drafts: true },
    hooks: { authorize: () => 'user-1' },
    clock,
  });

  const roundsOf = async () =>
    (await storage.list('mailboxes', { prefix: `${connectionId}/` })).map(
      ({ value }) => value as unknown as { readonly rounds: number; readonly state: string },
    );
  /** What is due: open rounds, or the plan that opens them. */
  const dueTasks = async (rounds: number): Promise<readonly Task[]> => {
    const work = (await connector.workload()).find((each) => each.connectionId === connectionId);
    const open = work?.mail?.mailboxes ?? [];
    if (open.length > 0)
      return open.map(({ mailboxId }) => ({ kind: 'mail.backfill', connectionId, mailboxId }));
    const known = await roundsOf();
    // One that was killed while it opened a round has counted it, and left it to the next plan.
    const isDone = ({ rounds: begun, state }: (typeof known)[number]) =>
      begun >= rounds && state.startsWith('completed');
    return known.length > 0 && known.every(isDone) ? [] : [{ kind: 'mail.plan', connectionId }];
  };
  /** Milliseconds until the task goes on; a failure rests for some seconds. */
  const runOnce = async (task: Task): Promise<number> => {
    try {
      const outcome = await connector.run(task);
      return outcome.status === 'completed' ? 0 : outcome.resumeAt - clock.now();
    } catch (error) {
      if (!ConnectorError.is(error)) throw error;
      return 5_000;
    }
  };

  return {
    connectionId,
    connector,
    storage,
    archive,
    provider,
    clock,
    /** The highest number of a round of any mailbox. */
    rounds: async () => Math.max(0, ...(await roundsOf()).map(({ rounds }) => rounds)),
    /** Archives until each mailbox has ended this round. What would be waited for is skipped: the clock goes ahead. */
    async archiveMail(rounds: number) {
      for (let tasks = await dueTasks(rounds); tasks.length > 0; tasks = await dueTasks(rounds)) {
        const rests = await Promise.all(tasks.map(runOnce));
        clock.putAhead(Math.min(...rests));
      }
    },
    async close() {
      await connector.close();
      await provider.close?.();
      await transport.close?.();
      await archive.close?.();
      await database.close();
    },
  };
}

export type MailHost = Awaited<ReturnType<typeof openMailHost>>;
