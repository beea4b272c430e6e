import { ConnectorError } from '@mailsphere/core';

/**
 * An option that must be a text with something in it.
 *
 * @throws ConnectorError `invalid_options`
 */
export function textOption(factory: string, options: object, field: string): string {
  const value: unknown = (options as Readonly<Record<string, unknown>> | undefined)?.[field];
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw new ConnectorError(
    'invalid_options',
    `${factory}: ${field}: must be a text that is not empty, got ${value === null ? 'null' : typeof value}`,
    { field },
  );
}
