/**
 * What is needed of a pool of connections; `Pool` of the package `pg` is one. Statements may run at the same time, each in a
 * transaction of its own: a single client that the host has a transaction open on will not do.
 */
export interface PostgresPool {
  /** Without `values`, `text` may hold several statements, which are then one transaction. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A pool that also lends its connections, for transactions of several statements; `Pool` of the package `pg` does. */
export interface PostgresTransactionPool extends PostgresPool {
  connect(): Promise<PostgresClient>;
}

/** A connection on loan from a pool. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>;
  /** Gives it back; with `destroy`, to be closed. */
  release(destroy?: boolean): void;
  /** A connection that breaks while it is on loan says so here as well, and without a listener Node would end the process. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
  off?(event: 'error', listener: (error: Error) => void): unknown;
}

interface PostgresResult {
  readonly rows: readonly unknown[];
  /** The statement's first word, as the server repeats it, such as `ROLLBACK` for a `commit` that could not be. */
  readonly command?: string | undefined;
  readonly rowCount?: number | null | undefined;
}
