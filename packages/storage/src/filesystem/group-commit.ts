/**
 * Puts together what many callers want done with the same file, so that all of them share one sync to the disk.
 *
 * At most one run per key is under way. What arrives meanwhile waits for the next run, because the one under way may
 * already have passed the point where it would have been included.
 */
export function groupCommit<Item>(
  run: (key: string, items: readonly Item[]) => Promise<void>,
): (key: string, item: Item) => Promise<void> {
  const waiting = new Map<string, { readonly items: Item[]; readonly done: PromiseWithResolvers<void> }[]>();

  const work = async (
    key: string,
    queue: { readonly items: Item[]; readonly done: PromiseWithResolvers<void> }[],
  ) => {
    for (let next = queue[0]; next; next = queue[0]) {
      queue.shift();
      await run(key, next.items).then(next.done.resolve, next.done.reject);
    }
    waiting.delete(key);
  };

  return (key, item) => {
    const queue = waiting.get(key);
    const last = queue?.at(-1);
    if (last) {
      last.items.push(item);
      return last.done.promise;
    }
    const batch = { items: [item], done: Promise.withResolvers<void>() };
    if (queue) queue.push(batch);
    else {
      const started = [batch];
      waiting.set(key, started);
      void work(key, started);
    }
    return batch.done.promise;
  };
}
