import { type RawBuilder, sql } from 'kysely';

/** A list for `in`, as one parameter: SQLite allows 32,766 of them, and each number of them would be a statement of its own. */
export const jsonList = <T extends string | number>(items: readonly T[]): RawBuilder<T> =>
  sql<T>`(select value from json_each(${JSON.stringify(items)}))`;
