import { ConnectorError, type TokenWatcher } from '@mailsphere/core';

/** Those who are asked before, and told after, each request for a token. */
export interface TokenWatchers {
  /** Returns what ends it. */
  add(watcher: TokenWatcher): () => void;
  /** Asks them in turn. @throws ConnectorError of the first who refuses; `refused` when it threw anything else */
  before(tenantId: string): Promise<void>;
  /** Tells them in turn. What they throw changes nothing. */
  after(tenantId: string, outcome: Parameters<TokenWatcher['after']>[1]): Promise<void>;
}

export function createTokenWatchers(): TokenWatchers {
  // One object each: the same watcher may be added twice, and ended once.
  const watching = new Set<{ readonly watcher: TokenWatcher }>();
  return {
    add(watcher) {
      const entry = { watcher };
      watching.add(entry);
      return () => {
        watching.delete(entry);
      };
    },
    async before(tenantId) {
      for (const { watcher } of [...watching]) {
        try {
          await watcher.before({ tenantId });
        } catch (cause) {
          if (ConnectorError.is(cause)) throw cause;
          throw new ConnectorError(
            'refused',
            'A token of this tenant may not be asked for: the host refused.',
            {
              cause,
            },
          );
        }
      }
    },
    async after(tenantId, outcome) {
      for (const { watcher } of [...watching]) {
        try {
          await watcher.after({ tenantId }, outcome);
        } catch {
          // The token is in use already, or the failure is known: there is nothing left to refuse.
        }
      }
    },
  };
}
