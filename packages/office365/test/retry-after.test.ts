import { describe, expect, it } from 'vitest';
import { retryAfter } from '../src/transport/retry-after.ts';

const now = Date.UTC(2026, 0, 5);
const read = (headers: Record<string, string>) => retryAfter(new Headers(headers), now);

describe('a wait that the service asks for is never shortened', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '10' }, 10_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '2.128' }, 2_128],
    [{ 'retry-after': ' 7 ' }, 7_000],
    [{ 'retry-after': '600' }, 600_000],
    [{ 'retry-after': '86400' }, 86_400_000],
    [{ 'retry-after': 'Mon, 05 Jan 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sun, 04 Jan 2026 23:00:00 GMT' }, 0],
    [{ 'retry-after': 'Mon, 05 Jan 2026 01:00:30 GMT', date: 'Mon, 05 Jan 2026 01:00:00 GMT' }, 30_000],
    [{ 'retry-after-ms': '1500' }, 1_500],
    [{ 'x-ms-retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9_000],
    [{}, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'in 5 minutes' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
    [{ 'retry-after': 'Infinity' }, undefined],
    [{ 'retry-after': '5, 10' }, undefined],
    [{ 'retry-after': 'Mon, 99 Foo 2026 00:00:30 GMT' }, undefined],
  ])('%j', (headers, expected) => {
    expect(read(headers)).toBe(expected);
  });
});
