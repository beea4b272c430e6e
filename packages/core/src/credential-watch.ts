import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import type { Provider } from './provider.ts';
import { createRecords, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** What was told of one credential; another one, with another end, is told of anew. */
interface Told {
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly days: number;
}

const DAY = 24 * 3600_000;
const HOUR = 3600_000;
const STEPS = [1, 7, 30] as const;

/** Tells once, by one of all processes, when the host's own credential has 30, 7 and 1 days left. */
export function createCredentialWatch(context: {
  readonly providers: readonly Provider[];
  readonly storage: StorageAdapter;
  readonly clock: Clock;
  readonly emit: Emit;
}): { check(): Promise<void> } {
  const { providers, storage, clock, emit } = context;
  const told = createRecords<Told>(storage, 'credentials');
  let nextLook = 0;

  const look = async ({ id: providerId, credentialExpiresAt: expiresAt }: Provider) => {
    if (expiresAt === undefined) return;
    const left = expiresAt - clock.now();
    const days = STEPS.find((step) => left <= step * DAY);
    if (days === undefined) return;
    const id = recordId(providerId, String(expiresAt));
    const before = await told.get(id);
    if (before && before.value.days <= days) return;
    try {
      await told.put(id, { expiresAt, days }, before?.version ?? null);
    } catch (error) {
      // Another process tells it.
      if (ConnectorError.is(error, 'conflict')) return;
      throw error;
    }
    emit('credential.expiring', { providerId, expiresAt, days });
  };

  return {
    /** Cheap: looks once an hour. */
    async check() {
      if (clock.now() < nextLook) return;
      for (const provider of providers) await look(provider);
      nextLook = clock.now() + HOUR;
    },
  };
}
