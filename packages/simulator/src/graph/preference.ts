import type { IdForm } from '../mail/item-id.ts';

/** What a `Prefer` header asks for. It counts for one request only: nothing of it is kept in links. */
export interface Preference {
  readonly maxPageSize: number | undefined;
  readonly idForm: IdForm;
  /** `return=minimal` */
  readonly minimal: boolean;
  /** `outlook.body-content-type="text"` */
  readonly textBody: boolean;
}

const NONE: Preference = { maxPageSize: undefined, idForm: 'rest', minimal: false, textBody: false };

/** Reads a `Prefer` header. */
export function preferenceOf(header: string | null): Preference {
  if (header === null) return NONE;
  const size = Number(/odata\.maxpagesize\s*=\s*"?(\d+)/i.exec(header)?.[1] ?? Number.NaN);
  return {
    maxPageSize: Number.isInteger(size) && size > 0 ? size : undefined,
    idForm: /IdType\s*=\s*"?ImmutableId"?/i.test(header) ? 'immutable' : 'rest',
    minimal: /return\s*=\s*minimal/i.test(header),
    textBody: /outlook\.body-content-type\s*=\s*"?text"?/i.test(header),
  };
}

/** The `preference-applied` header for what was done. */
export function applied(preference: Preference, ...others: readonly string[]): Record<string, string> {
  const parts = [...others];
  if (preference.idForm === 'immutable') parts.push('IdType="ImmutableId"');
  return parts.length === 0 ? {} : { 'preference-applied': parts.join(', ') };
}
