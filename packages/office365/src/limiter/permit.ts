import type { Answer } from './answer.ts';

/** The right to have one request in flight. */
export interface Permit {
  /** How long it was waited for, in milliseconds. */
  readonly waited: number;
  /** Once, as soon as the service answered. */
  report(answer: Answer): void;
  /** Gives the slot back, when nothing more is read of the answer. Harmless when called again. */
  release(): void;
}

export interface AcquireOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly maxWait: number;
  /** Of which the call has already used this many. @default 0 */
  readonly waited?: number | undefined;
}
