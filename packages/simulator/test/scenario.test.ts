import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createSimulator, type Scenario } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { connect, createManualClock, tenantOf } from './support.ts';
import { statuses, withMessage } from './with-message.ts';

describe('a scenario', () => {
  it('spares some requests, fails some, and then lets the rest through', async () => {
    const { value } = await withMessage({
      faults: [{ answer: 'badGateway', route: 'messages.value', skip: 1, times: 2 }],
    });
    expect(await statuses(value, 5)).toEqual([200, 502, 502, 200, 200]);
  });

  it('fails the same share of the same requests with the same seed, and others with another', async () => {
    const day = async (seed: number) => {
      const { value } = await withMessage({ seed, faults: [{ answer: 'serverError', share: 0.3 }] });
      return statuses(value, 200);
    };
    const [one, same, other] = [await day(1), await day(1), await day(2)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one.filter((status) => status === 500).length).toBeGreaterThan(30);
    expect(one.filter((status) => status === 500).length).toBeLessThan(90);
  });

  it('fails a share of the messages for ever, the same ones', async () => {
    const { simulator, mailbox, ask, pages } = await withMessage({
      faults: [{ answer: 'serverError', route: 'messages.value', share: 0.3, by: 'resource' }],
    });
    const { rows } = await pages(`/users/${mailbox}/messages?$select=id`);
    const everyOne = async () => {
      const seen: number[] = [];
      for (const { id } of rows) seen.push((await ask(`/users/${mailbox}/messages/${id}/$value`)).status);
      return seen;
    };
    const first = await everyOne();
    expect(await everyOne()).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(simulator.counts.byStatus[500]).toBeGreaterThan(1);
  });

  it('keeps to its times, and makes its changes in time', async () => {
    const clock = createManualClock();
    const connected = await withMessage({}, { clock });
    const { simulator, tenantId, mailbox, messageId, value } = connected;
    simulator.setScenario({
      faults: [{ answer: 'locked', from: 10, until: 20 }],
      changes: [{ at: 30, call: 'removeMessage', arguments: [tenantId, mailbox, messageId] }],
    });
    const seen: number[] = [];
    for (let second = 0; second < 40; second += 5) {
      seen.push((await value()).status);
      await clock.advance(5_000);
    }
    expect(seen).toEqual([200, 200, 423, 423, 200, 200, 404, 404]);
    simulator.setScenario(null);
  });

  it('hits one mailbox, by id or UPN, and no other', async () => {
    const { simulator, mailbox, value, ask } = await withMessage({});
    const user = tenantOf(simulator).users.find(({ id }) => id === mailbox);
    for (const name of [mailbox, user?.userPrincipalName.toUpperCase() ?? '']) {
      simulator.setScenario({ faults: [{ answer: 'unavailable', mailbox: name }] });
      expect((await value()).status).toBe(503);
      expect((await ask(`/users/${tenantOf(simulator).mailboxes[0]}/mailFolders`)).status).toBe(200);
      expect((await ask('/organization')).status).toBe(200);
    }
  });

  it.each<[unknown, string]>([
    [[], 'scenario must be an object'],
    [{ fault: [] }, 'scenario.fault is not known'],
    [{ seed: -1 }, 'scenario.seed must be a whole number'],
    [{ faults: [{ share: 1 }] }, 'scenario.faults[0].answer is missing'],
    [{ faults: [{ answer: 'nonsense' }] }, 'scenario.faults[0].answer must be'],
    [{ faults: [{ answer: 'toString' }] }, 'scenario.faults[0].answer must be'],
    [{ faults: [{ answer: {} }] }, 'scenario.faults[0].answer must be'],
    [
      { faults: [{ answer: { deliver: { ending: 'soon' } } }] },
      'scenario.faults[0].answer.deliver.ending must be',
    ],
    [{ faults: [{ answer: { page: 'torn' } }] }, 'scenario.faults[0].answer.page must be'],
    [{ faults: [{ answer: 'hang' }, { answer: 'hang', share: 2 }] }, 'scenario.faults[1].share must be'],
    [{ faults: [{ answer: 'hang', times: 1.5 }] }, 'scenario.faults[0].times must be a whole number'],
    [{ faults: [{ answer: 'hang', by: 'luck' }] }, 'scenario.faults[0].by must be one of request, resource'],
    [{ changes: [{ at: 1, call: 'close', arguments: [] }] }, 'scenario.changes[0].call must be'],
    [{ changes: [{ at: 1, call: 'removeUser' }] }, 'scenario.changes[0].arguments is missing'],
    [{ quirks: { emptyPages: 'many' } }, 'scenario.quirks.emptyPages must be'],
    [{ devProxy: { latency: [5, 1] } }, 'scenario.devProxy.latency must be'],
    [{ devProxy: { rate: 101 } }, 'scenario.devProxy.rate must be'],
  ])('%j is refused with the name of the field', async (given, message) => {
    const { simulator } = await connect();
    expect(() => simulator.setScenario(given as Scenario)).toThrow(message);
    expect(() => createSimulator({ scenario: given as Scenario })).toThrow(message);
  });

  it('of the README is one that is understood', () => {
    const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
    const [, sample = ''] = /```json\n(.*?)```/s.exec(readme) ?? [];
    expect(() => createSimulator({ scenario: JSON.parse(sample) as Scenario })).not.toThrow();
  });
});

describe('Retry-After', () => {
  it.each([
    ['throttled', '10'],
    ['throttledZero', '0'],
    ['throttledFraction', '2.128'],
    ['throttledLong', '600'],
    ['throttledBare', null],
    ['throttledGarbage', 'soon'],
    ['throttledDate', 'Mon, 09 Nov 2026 10:00:30 GMT'],
    ['throttledPastDate', 'Mon, 09 Nov 2026 09:59:00 GMT'],
  ] as const)('%s says %s', async (answer, header) => {
    const { value } = await withMessage({ faults: [{ answer }] }, { clock: createManualClock() });
    const { status, headers } = await value();
    expect([status, headers.get('retry-after')]).toEqual([429, header]);
  });

  it('that is not waited for is counted, for each mailbox alone', async () => {
    const clock = createManualClock();
    const { simulator, mailbox, value, ask } = await withMessage(
      { faults: [{ answer: 'throttledFraction', times: 1 }] },
      { clock },
    );
    await value();
    await clock.advance(2_127);
    expect((await value()).status).toBe(200);
    expect((await ask(`/users/${tenantOf(simulator).mailboxes[0]}/mailFolders`)).status).toBe(200);
    expect(simulator.counts.earlyByMailbox).toEqual({ [mailbox]: 1 });
    await clock.advance(1);
    await value();
    expect(simulator.counts.earlyByMailbox).toEqual({ [mailbox]: 1 });
  });
});

describe('Dev Proxy', () => {
  it('fails half of all requests with its five codes, and never asks Graph for them', async () => {
    const { simulator, value } = await withMessage({ devProxy: { retryAfter: false } });
    const seen = await statuses(value, 400);
    const failed = seen.filter((status) => status !== 200);
    expect(new Set(failed)).toEqual(new Set([429, 500, 502, 503, 504]));
    expect(failed.length).toBeGreaterThan(160);
    expect(failed.length).toBeLessThan(240);
    expect(simulator.counts.byRoute['messages.value']).toBe(400 - failed.length);
  });

  it('lets the time begin anew for who calls too early, whichever mailbox it is', async () => {
    const clock = createManualClock();
    const { simulator, value, ask } = await withMessage({ devProxy: { codes: [429], rate: 100 } }, { clock });
    const first = await value();
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '5']);
    simulator.setScenario({ devProxy: { rate: 0 } });
    expect((await value()).status).toBe(200);
    simulator.setScenario({ devProxy: { codes: [429], rate: 100 } });
    await value();
    await clock.advance(4_000);
    expect((await ask(`/users/${tenantOf(simulator).mailboxes[0]}/mailFolders`)).status).toBe(429);
  });

  it('lets sixty requests through in a minute', async () => {
    const clock = createManualClock();
    const { value } = await withMessage({ devProxy: { rate: 0, rateLimit: true } }, { clock });
    const seen = await statuses(value, 62);
    expect(seen.filter((status) => status === 200)).toHaveLength(60);
    await clock.advance(60_000);
    expect((await value()).status).toBe(200);
  });
});
