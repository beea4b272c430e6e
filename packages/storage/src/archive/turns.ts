/** Lets those that work on the same thing go one after the other. */
export interface Turns {
  /** Runs `work` when everything that came before it with this key has ended, however it ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when what has this key by now has ended, however it ends. */
  settled(key: string): Promise<void>;
}

export function turns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    settled: async (key) => last.get(key),
    take(key, work) {
      const turn = (async () => {
        await last.get(key);
        return work();
      })();
      const ended = turn
        .then(
          () => {},
          () => {},
        )
        .then(() => {
          if (last.get(key) === ended) last.delete(key);
        });
      last.set(key, ended);
      return turn;
    },
  };
}
