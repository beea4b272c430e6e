import type { TransportResponse } from './transport.ts';

const NUMBER = /^\d{1,12}(\.\d+)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .+ GMT$/;

/**
 * How long the service asks to wait, in milliseconds; `undefined` when it does not say or it cannot be read.
 * Never shortened. A date is read against the answer's own `Date`, so that a clock that is wrong here does no harm.
 */
export function retryAfter(headers: TransportResponse['headers'], now: number): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const value = headers.get(name)?.trim();
    if (value && NUMBER.test(value)) return Math.ceil(Number(value));
  }
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  if (NUMBER.test(value)) return Math.ceil(Number(value) * 1000);
  const date = httpDate(value);
  return date === undefined ? undefined : Math.max(0, date - (httpDate(headers.get('date')) ?? now));
}

function httpDate(value: string | null): number | undefined {
  // Date.parse alone would read almost anything with a number in it as a date.
  if (value === null || !HTTP_DATE.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}
