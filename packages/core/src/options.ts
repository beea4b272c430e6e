import type { z } from 'zod';
import { ConnectorError } from './connector-error.ts';

/**
 * Checks the options of a factory against a zod schema.
 *
 * @param factory The name that the caller knows, such as `office365`.
 * @throws ConnectorError `invalid_options` that names the first wrong field. Values are never repeated: they may be secrets.
 */
export function parseOptions<Schema extends z.ZodType>(
  factory: string,
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join('.') || 'options';
  throw new ConnectorError('invalid_options', `${factory}: ${field}: ${issue?.message ?? 'is not valid'}`, {
    field,
  });
}
