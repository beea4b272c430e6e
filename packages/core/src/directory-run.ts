import type { DirectoryKind, Omission } from './directory.ts';
import type { HeldRemovals } from './held-removals.ts';

/** How many entries of a kind came. An entry that came twice counts twice. */
export interface DirectoryCounts {
  readonly upserted: number;
  /** Taken away: by the service's word, or because a full read did not find them any more. */
  readonly removed: number;
}

/** What one directory sync did. */
export interface DirectoryRun {
  readonly connectionId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601. */
  readonly endedAt: string;
  /**
   * - `completed`: everything that the service told was applied.
   * - `held`: all but removals that are too many to believe; `held` says of what.
   * - `failed`: it broke off, and the next one goes on from there; `error` says why.
   * - `stopped`: by its caller, with its process's orderly end, or because the service asked to wait longer than a run may.
   */
  readonly outcome: 'completed' | 'held' | 'failed' | 'stopped';
  /** Kinds that were read from the beginning, and not only for changes. */
  readonly full: readonly DirectoryKind[];
  readonly counts: Readonly<Record<DirectoryKind, DirectoryCounts>>;
  readonly held: Readonly<Partial<Record<DirectoryKind, HeldRemovals>>>;
  /** What the service does not show to the connector, with the permissions that it had. */
  readonly omissions: readonly Omission[];
  /** Answers of the service, refusals included. */
  readonly requests: number;
  /** What the service counted for them against the tenant's quota, where it says so. */
  readonly resourceUnits: number;
  /** Of a run that failed, or had to wait. */
  readonly error?: { readonly code: string; readonly serviceCode?: string | undefined } | undefined;
}
