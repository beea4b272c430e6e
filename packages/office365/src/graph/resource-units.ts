import type { TransportResponse } from '../transport/transport.ts';
import type { GraphQuery } from './graph-call.ts';

// The dearest documented call costs 5; what is far beyond that is no cost.
const DEAREST = 1_000;

/** What the service counted for an answer against the directory's quota, where it says so. */
export function resourceUnits(headers: TransportResponse['headers']): number | undefined {
  const units = Number(headers.get('x-ms-resource-unit') ?? Number.NaN);
  return units > 0 && units <= DEAREST ? units : undefined;
}

/** Tells the caller of an answer. What goes wrong there, at once or later, is no reason to lose the answer. */
export function tellUsage({ onAnswer }: GraphQuery, headers: TransportResponse['headers']): void {
  if (!onAnswer) return;
  const usage = { resourceUnits: resourceUnits(headers) };
  new Promise<unknown>((resolve) => resolve(onAnswer(usage))).catch(() => undefined);
}
