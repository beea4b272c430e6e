import type { Json } from './json.ts';

/** Names one state of one record. Opaque; compare it with `===` only. */
export type Version = string;

/** A document as it was stored. */
export interface StoredRecord {
  readonly id: string;
  readonly value: Json;
  readonly version: Version;
}

export interface WriteOptions {
  /**
   * The write may be lost when the machine dies, not when the process does; and only together with all that was written after
   * it. It is a hint: an adapter that cannot keep that order, or gains nothing by it, ignores it. @default false
   */
  readonly relaxed?: boolean | undefined;
}

export interface PutOptions extends WriteOptions {
  /** Store only if the record still has this version; `null`: only if there is none. */
  readonly ifVersion?: Version | null | undefined;
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only if the record still has this version. */
  readonly ifVersion?: Version | undefined;
}

export interface ListOptions {
  /** Only ids that begin with this. @default '' */
  readonly prefix?: string | undefined;
  /** Only ids greater than this one: the last id of the page before. */
  readonly after?: string | undefined;
  /** At most this many. @default 1000 */
  readonly limit?: number | undefined;
}

/**
 * Where the SDK keeps its own state: four methods over versioned JSON documents.
 *
 * Each method is atomic, and what it promised holds for every process that shares the storage.
 * Values come back equal to what was put in, key order aside. Ids are any non-empty string up to 512 characters,
 * compared by code point: `a` and `A` are two ids. Every `put` gives the record a version that it never had before,
 * also when the value is the same and also after a delete.
 *
 * `testStorage` of `@mailsphere/core/testing` tells when an implementation is complete.
 */
export interface StorageAdapter {
  get(collection: string, id: string): Promise<StoredRecord | undefined>;
  /** @throws ConnectorError `conflict` when `ifVersion` does not hold; the record is then unchanged. */
  put(collection: string, id: string, value: Json, options?: PutOptions): Promise<Version>;
  /**
   * Resolves true to exactly one of many concurrent callers, and false when there was nothing to delete
   * or `ifVersion` does not hold.
   */
  delete(collection: string, id: string, options?: DeleteOptions): Promise<boolean>;
  /** Ascending by id, in code-point order, at most `limit`. */
  list(collection: string, options?: ListOptions): Promise<readonly StoredRecord[]>;
  close?(): Promise<void>;
}
