import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Outcome } from './bad-day.ts';
import type { Row } from './row.ts';

const MOST_TRIES = 3;
const FORTY_MINUTES = 2_400;
// With two dozen messages, and more than a week of days.
const MOST_REQUESTS = 1_000;
// However often a message is listed, it is downloaded once.
const LISTS_ONLY = new Set(['D1', 'D2']);

/** What must hold after every history, whatever happened in it. */
export async function mustHold(outcome: Outcome, chosen: readonly Row[]): Promise<void> {
  const { simulator, tenantId, kept, waits, everything, poison, failures, putOff } = outcome;
  const good = [...simulator.manifest(tenantId)].filter(({ messageId }) => !poison.has(messageId));
  const lacking: string[] = [];
  const stored = new Set<string>();
  for (const { mailboxId, messageId, sha256 } of good) {
    const content = await kept.read({ tenantId, mailboxId, messageId });
    if (content) stored.add(messageId);
    const found = content && hashOf(new Uint8Array(await new Response(content).arrayBuffer()));
    if (found !== sha256) lacking.push(`${messageId} ${found ? 'has other bytes' : 'is not there'}`);
  }
  expect(lacking, `good messages that the archive lacks: ${lacking}`).toEqual([]);
  // What was deleted meanwhile may have been archived before, whole: its bytes are not there any more to compare.
  const visible = await kept.visible();
  expect(visible, 'messages that can be seen').toBeGreaterThanOrEqual(stored.size);
  expect(visible, 'messages that can be seen').toBeLessThanOrEqual(everything.size - poison.size + 1);
  expect(outcome.archived, 'messages that are counted as archived').toBeLessThanOrEqual(visible);

  const present = [...poison].filter((id) =>
    [...simulator.manifest(tenantId)].some(({ messageId }) => messageId === id),
  );
  expect(failures.map(({ messageId }) => messageId).sort(), 'failures').toEqual(present.sort());
  // Where the service fails at random too, it takes more tries to tell one from the other.
  const shaky = chosen.length > 1 || chosen.some(({ alone }) => alone);
  if (!shaky) {
    for (const { attempts } of putOff)
      expect(attempts, 'tries of a message that is put off').toBeLessThanOrEqual(MOST_TRIES);
    for (const tries of outcome.poisonTries)
      expect(tries, 'answers for a poisoned message').toBeLessThanOrEqual(MOST_TRIES);
  }
  if (!chosen.some(({ mayPutOff }) => mayPutOff === true || (mayPutOff && chosen.length > 1)))
    expect(
      putOff.filter(({ messageId }) => !poison.has(messageId)),
      'good messages that were put off',
    ).toEqual([]);

  expect(outcome.lost, `messages that the first round forgot: ${outcome.lost}`).toEqual([]);

  const { counts } = simulator;
  const [only] = chosen;
  if (only && chosen.length === 1)
    expect(outcome.took / 1_000, 'seconds of the first round').toBeLessThanOrEqual(
      only.within ?? FORTY_MINUTES,
    );
  // Nobody asks the same time and again without a pause.
  expect(Math.max(...Object.values(counts.perMailbox)), 'requests of a mailbox').toBeLessThan(MOST_REQUESTS);
  if (chosen.every(({ id }) => LISTS_ONLY.has(id)))
    expect(counts.byRoute['messages.value'], 'downloads').toBeLessThanOrEqual(
      everything.size + poison.size * MOST_TRIES,
    );
  expect(counts.earlyByMailbox, 'requests before Retry-After was over').toEqual({});
  expect(counts.throttledByMailbox, 'refusals by the limits themselves').toEqual({});
  expect(counts.maxInFlight, 'requests of a mailbox at once').toBeLessThanOrEqual(4);
  expect(waits.tooLong, `waits that are too long: ${waits.tooLong.join('; ')}`).toEqual([]);
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
