import { ConnectorError } from '@mailsphere/core';
import { type RawBuilder, sql } from 'kysely';

/**
 * A column, read as text: this is the same in every database, and no parser of types that a host has set changes it.
 */
export const asText = (column: string): RawBuilder<string> => sql<string>`cast(${sql.ref(column)} as text)`;

/** What yes and no are read as, in any database. A column that was never filled says no. */
export const isSet = (value: string | number | null): boolean =>
  value === 1 || value === '1' || value === 'true';

const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** A text as the tables hold it: a NUL or half of a surrogate pair, which a database cannot keep, becomes U+FFFD. */
export const storable = <T extends string | undefined>(text: T): T =>
  (typeof text !== 'string' || isStorable(text) ? text : text.replace(UNSTORABLE, '\ufffd')) as T;

export const ID_MESSAGE = 'must be well-formed text, without NUL and without half of a surrogate pair';

/**
 * Ids must stay apart, so none is stored as another text.
 *
 * @throws ConnectorError `invalid_request` for an id that a database cannot keep as it is.
 */
export function checkId(field: string, id: string): void {
  if (typeof id === 'string' && isStorable(id)) return;
  throw new ConnectorError('invalid_request', `${field}: ${ID_MESSAGE}`, { field });
}

export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
