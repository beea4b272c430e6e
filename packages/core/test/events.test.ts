import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvents } from '../src/events.ts';
import { silentLogger } from '../src/logger.ts';

const event = { connectionId: 'c', mailboxId: 'm', bytes: 1 };

function create() {
  const logged: unknown[] = [];
  const logger = { ...silentLogger, error: (...line: unknown[]) => void logged.push(line[0]) };
  return { logged, ...createEvents(logger) };
}

describe('a subscription that could never be heard is refused', () => {
  const { events } = create();
  it.each(['message.archvied', '', 'toString', '__proto__', undefined, null, 5, Symbol('x')])(
    'name %s',
    (name) => {
      for (const method of [events.on, events.off])
        expect(() => method(name as never, (() => {}) as never)).toThrow(
          expect.objectContaining({ code: 'invalid_request', field: 'name' }),
        );
    },
  );
  it.each([undefined, null, 'text', {}])('listener %s', (listener) => {
    for (const method of [events.on, events.off])
      expect(() => method('message.archived', listener as never)).toThrow(
        expect.objectContaining({ code: 'invalid_request', field: 'listener' }),
      );
  });
  it('names the events that there are', () => {
    expect(() => events.on('activated' as never, (() => {}) as never)).toThrow(
      /connection\.activated.*task\.failed/,
    );
  });
});

it('a listener hears until it is taken off', () => {
  const { events, emit } = create();
  let heard = 0;
  const listener = () => void heard++;
  events.on('message.archived', listener);
  emit('message.archived', event);
  events.off('message.archived', listener);
  emit('message.archived', event);
  expect(heard).toBe(1);
});

describe('a listener that fails', () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => void process.off('unhandledRejection', note));
  /** Rejections are reported between two turns of the loop. */
  const turns = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new TypeError('broken');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('broken'))],
    [
      'rejects later',
      async () => {
        await null;
        throw new TypeError('broken');
      },
    ],
    [
      'returns something like a promise',
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the case.
      () => ({ then: (_: unknown, fail: (e: unknown) => void) => fail(new TypeError('broken')) }),
    ],
  ])('%s: is logged, and breaks neither the next one nor the process', async (_, listener) => {
    const { events, emit, logged } = create();
    let heard = 0;
    events.on('message.archived', listener as () => void);
    events.on('message.archived', () => void heard++);
    emit('message.archived', event);
    expect(heard).toBe(1);
    await turns();
    expect(logged).toEqual([{ event: 'message.archived', error: 'TypeError' }]);
    expect(unhandled).toEqual([]);
  });
});
