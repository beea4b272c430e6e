import { describe, expect, it } from 'vitest';
import type { ConnectorOptions, MessageRef } from '../src/index.ts';
import { connect, createHost } from './host.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TENANT = '0b8a7f0e-0000-4000-8000-000000000001';

// Berlin's clocks go forward at this moment; the product's own reading is not asked.
const SUMMER = Date.parse('2026-03-29T01:00:00Z');
const local = (at: number) => new Date(at + (at >= SUMMER ? 2 : 1) * HOUR);
const isWorking = (at: number) =>
  ![0, 6].includes(local(at).getUTCDay()) && local(at).getUTCHours() >= 8 && local(at).getUTCHours() < 18;

/** An office whose mail is brought in virtual time, a page of five messages in 80 seconds. */
async function office(
  mailSync: ConnectorOptions['mailSync'],
  mailboxes: number,
  messages: number,
  start = '2026-03-24T17:00:00Z',
) {
  const host = createHost({ mailSync });
  const { clock, service } = host;
  await clock.advance(Date.parse(start) - clock.now());
  const startedAt = clock.now();
  for (let each = 0; each < mailboxes; each++) {
    const mailbox = service.addMailbox(`m${each}`, { inbox: 0 });
    let at = startedAt - 100 * DAY;
    for (let number = 0; number < messages; number++) {
      do at += 7 * MINUTE;
      while (!isWorking(at) && number % 12 !== 0);
      const messageId = `m${each}-${number}`;
      const item: MessageRef = {
        ...{ tenantId: TENANT, mailboxId: `m${each}`, folderId: 'inbox', messageId },
        receivedAt: new Date(Math.min(at, startedAt - 1)).toISOString(),
      };
      mailbox.contents.set(messageId, new TextEncoder().encode(messageId));
      mailbox.folders.get('inbox')?.add({ type: 'upserted', item });
    }
  }
  const id = await connect(host.connector);
  const requests: number[] = [];
  service.onContent = async () => {
    requests.push(clock.now());
    await clock.wait(40 * SECOND);
  };
  await host.connector.run({ kind: 'mail.plan', connectionId: id });
  const statuses = new Set<string>();
  /** What an engine does: runs what is due, all mailboxes side by side, and waits for the next. */
  const bring = async () => {
    for (;;) {
      const open = (await host.connector.workload())[0]?.mail?.mailboxes ?? [];
      if (open.length === 0) return;
      const now = clock.now();
      const { state, reason } = await host.connector.mail.status(id);
      statuses.add(`${state}: ${reason}`);
      const due = open.filter(({ resumeAt = 0 }) => resumeAt <= now);
      if (due.length === 0) {
        await clock.wait(Math.min(...open.map(({ resumeAt = 0 }) => resumeAt)) - now);
        continue;
      }
      await Promise.all(
        due.map(({ mailboxId }) =>
          host.connector.run({ kind: 'mail.backfill', connectionId: id, mailboxId }),
        ),
      );
    }
  };
  await clock.run(bring());
  const took = clock.now() - startedAt;
  let working = 0;
  for (let at = startedAt; at < clock.now(); at += MINUTE) if (isWorking(at)) working += MINUTE;
  const atFullSpeed = (working / (80 * SECOND)) * 5 * mailboxes;
  return {
    id,
    took,
    statuses: [...statuses],
    requests: requests.length,
    shareInWorkingHours: requests.filter(isWorking).length / atFullSpeed,
  };
}

describe('mail of a tenant with a working week', () => {
  // From a Friday evening on: the clocks go forward in the night to Sunday.
  it('is brought outside its working hours but for the stated share, across a change of the clocks', async () => {
    const run = await office({ deadline: 14 * 24 }, 1, 18_000, '2026-03-27T17:00:00Z');
    expect(run.requests).toBe(18_000);
    expect(run.took).toBeGreaterThan(3 * DAY);
    // A page that was begun is brought to its end.
    expect(run.shareInWorkingHours).toBeLessThan(0.3);
    expect(run.shareInWorkingHours).toBeGreaterThan(0.15);
    const waiting = run.statuses.find((status) => status.startsWith('waiting_for_quiet_hours'));
    expect(waiting).toContain('so it works at 25 %');
  }, 120_000);

  it('that is too large for the deadline is brought faster, and the status says so', async () => {
    const run = await office({ deadline: 24 }, 1, 4_500);
    expect(run.took).toBeLessThan(25 * HOUR);
    expect(run.statuses.some((status) => /will not be done by the deadline at 25 %/.test(status))).toBe(true);
    expect(run.shareInWorkingHours).toBeGreaterThan(0.25);
  }, 120_000);

  it('is brought at full speed at all times when the host wants that', async () => {
    const run = await office({ quietHours: { mode: 'always' } }, 1, 3_000);
    expect(run.took).toBeLessThan(18 * HOUR);
    expect(run.statuses.some((status) => status.startsWith('waiting_for_quiet_hours'))).toBe(false);
  }, 60_000);
});

it.each<[unknown, string]>([
  [{ quietHours: { mode: 'sometimes' } }, 'quietHours.mode'],
  [{ quietHours: { mode: 'fixed', timeZone: 'Berlin', windows: [] } }, 'quietHours.timeZone'],
  [{ shareOutside: 0 }, 'shareOutside'],
  [{ shareOutside: 25 }, 'shareOutside'],
  [{ deadline: -1 }, 'deadline'],
])('%j is refused with the name of the field', (mailSync, field) => {
  expect(() => createHost({ mailSync: mailSync as never })).toThrow(
    expect.objectContaining({ code: 'invalid_options', field }),
  );
});
