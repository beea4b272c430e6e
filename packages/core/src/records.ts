import { ConnectorError } from './connector-error.ts';
import type { Json } from './json.ts';
import type { StorageAdapter, Version, WriteOptions } from './storage-adapter.ts';

export interface Versioned<T> {
  readonly id: string;
  readonly value: T;
  readonly version: Version;
}

/** One collection of the storage, typed. Only this package writes it, so what comes back is what was put in. */
export interface Records<T> {
  get(id: string): Promise<Versioned<T> | undefined>;
  /** @throws ConnectorError `conflict` */
  put(id: string, value: T, ifVersion?: Version | null): Promise<Version>;
  /** Reads, changes and writes by compare-and-set until nobody came between. `undefined` from `change` leaves it as it is. */
  update(id: string, change: (current: T | undefined) => T | undefined): Promise<T | undefined>;
  delete(id: string, ifVersion?: Version): Promise<boolean>;
  list(prefix?: string): AsyncIterable<Versioned<T>>;
}

/** Joins the parts of an id so that no part can be taken for two. */
export const recordId = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/');

// More lost races than this in a row are not a race but a bug.
const TRIES = 100;
const PAGE = 500;

export function createRecords<T>(
  storage: StorageAdapter,
  collection: string,
  options: WriteOptions = {},
): Records<T> {
  const records: Records<T> = {
    async get(id) {
      const record = await storage.get(collection, id);
      return record && { id, value: record.value as T, version: record.version };
    },
    put: (id, value, ifVersion) =>
      storage.put(
        collection,
        id,
        value as Json,
        ifVersion === undefined ? options : { ...options, ifVersion },
      ),
    async update(id, change) {
      for (let tries = 1; ; tries++) {
        const current = await records.get(id);
        const value = change(current?.value);
        if (value === undefined) return current?.value;
        try {
          await records.put(id, value, current?.version ?? null);
          return value;
        } catch (error) {
          if (!ConnectorError.is(error, 'conflict') || tries === TRIES) throw error;
        }
      }
    },
    delete: (id, ifVersion) =>
      storage.delete(collection, id, ifVersion === undefined ? options : { ...options, ifVersion }),
    async *list(prefix = '') {
      for (let after: string | undefined; ; ) {
        const page = await storage.list(collection, { prefix, after, limit: PAGE });
        for (const { id, value, version } of page) yield { id, value: value as T, version };
        if (page.length < PAGE) return;
        after = page.at(-1)?.id;
      }
    },
  };
  return records;
}
