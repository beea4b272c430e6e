import { expect, it, vi } from 'vitest';
import { stopOnSignals } from '../src/index.ts';

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s stops the engine once; the second is the process’s own',
  (signal) => {
    const before = process.listenerCount(signal);
    const stop = vi.fn(async () => {});
    stopOnSignals({ stop });
    process.emit(signal);
    expect(stop).toHaveBeenCalledOnce();
    expect(process.listenerCount(signal)).toBe(before);
  },
);

it('leaves no listener behind when it is taken back', () => {
  const before = process.listenerCount('SIGTERM');
  const remove = stopOnSignals({ stop: async () => {} });
  expect(process.listenerCount('SIGTERM')).toBe(before + 1);
  remove();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
