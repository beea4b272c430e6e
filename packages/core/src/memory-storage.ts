import { ConnectorError } from './connector-error.ts';
import type { Json } from './json.ts';
import type { StorageAdapter, StoredRecord, Version } from './storage-adapter.ts';

/**
 * State in the memory of this process: for tests, trials, and as the reference of what a `StorageAdapter` does.
 * Nothing survives the process.
 */
export function memoryStorage(): StorageAdapter {
  const collections = new Map<string, Map<string, { readonly json: string; readonly version: Version }>>();
  // One sequence for all records, so that a record put again after a delete cannot get a version it had before.
  let versions = 0;

  return {
    async get(collection, id) {
      const record = collections.get(collection)?.get(id);
      return record && read(id, record);
    },
    async put(collection, id, value, { ifVersion } = {}) {
      const records = collections.get(collection) ?? new Map();
      if (ifVersion !== undefined && ifVersion !== (records.get(id)?.version ?? null)) {
        throw new ConnectorError(
          'conflict',
          'The record was changed by somebody else. Read it and try again.',
        );
      }
      const version = String(++versions);
      // Kept as text, so that neither side can change what the other one holds.
      records.set(id, { json: JSON.stringify(value), version });
      collections.set(collection, records);
      return version;
    },
    async delete(collection, id, { ifVersion } = {}) {
      const records = collections.get(collection);
      if (ifVersion !== undefined && ifVersion !== records?.get(id)?.version) return false;
      return records?.delete(id) ?? false;
    },
    async list(collection, { prefix = '', after = '', limit = 1000 } = {}) {
      return [...(collections.get(collection) ?? [])]
        .filter(([id]) => id.startsWith(prefix) && compareCodePoints(id, after) > 0)
        .sort(([one], [other]) => compareCodePoints(one, other))
        .slice(0, limit)
        .map(([id, record]) => read(id, record));
    },
  };
}

const read = (
  id: string,
  { json, version }: { readonly json: string; readonly version: Version },
): StoredRecord => ({
  id,
  value: JSON.parse(json) as Json,
  version,
});

/** Negative, zero or positive, as `one` comes before, with or after `other` by code point. */
function compareCodePoints(one: string, other: string): number {
  const end = Math.min(one.length, other.length);
  for (let index = 0; index < end; index++) {
    const difference = rank(one.charCodeAt(index)) - rank(other.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

// `<` compares UTF-16 units, in which the two halves of an astral character (D800 to DFFF) come before E000 to FFFF.
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
