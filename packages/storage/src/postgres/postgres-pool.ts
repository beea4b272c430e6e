/**
 * What is needed of a pool of connections; `Pool` of the package `pg` is one. Statements may run at the same time, each in a
 * transaction of its own: a single client that the host has a transaction open on will not do.
 */
export interface PostgresPool {
  /** Without `values`, `text` may hold several statements, which are then one transaction. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}
