import type { StorageAdapter } from '@mailsphere/core';

export interface Race {
  readonly storage: StorageAdapter;
  /** From now on, calls of this kind wait until so many are there, once: all of them have read the same before. */
  arm(operation: 'put' | 'delete', collection: string, calls: number): void;
}

/** A storage that lets writers meet, so that a race ends the same way each time it is run. */
export function race(storage: StorageAdapter): Race {
  let armed:
    | { operation: string; collection: string; calls: number; open: PromiseWithResolvers<void> }
    | undefined;
  const meet = async (operation: string, collection: string) => {
    const meeting = armed;
    if (meeting?.operation !== operation || meeting.collection !== collection) return;
    meeting.calls -= 1;
    if (meeting.calls === 0) {
      armed = undefined;
      meeting.open.resolve();
    }
    await meeting.open.promise;
  };
  return {
    storage: {
      ...storage,
      async put(collection, ...rest) {
        await meet('put', collection);
        return storage.put(collection, ...rest);
      },
      async delete(collection, ...rest) {
        await meet('delete', collection);
        return storage.delete(collection, ...rest);
      },
    },
    arm(operation, collection, calls) {
      armed = { operation, collection, calls, open: Promise.withResolvers() };
    },
  };
}
