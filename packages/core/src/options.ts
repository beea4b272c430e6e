import { z } from 'zod';
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
  const { field, message } = firstIssue(result.error, 'options');
  throw new ConnectorError('invalid_options', `${factory}: ${field}: ${message}`, { field });
}

/**
 * Checks what a call was given, as `parseOptions` does for a factory.
 *
 * @param parameter The name of what is checked, for when it is wrong as a whole.
 * @throws ConnectorError `invalid_request` that names the first wrong field.
 */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  request: unknown,
  parameter = 'request',
): z.output<Schema> {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  const { field, message } = firstIssue(result.error, parameter);
  throw new ConnectorError('invalid_request', `${field}: ${message}`, { field });
}

/** A zod schema for something of the caller's that is known by its methods. */
export const objectWith = <T extends object>(...names: readonly (keyof T & string)[]) =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    { message: `must be an object with ${names.map((name) => `${name}()`).join(', ')}` },
  );

/** zod's own sentences tell what came; ours tell what would be right. */
const firstIssue = (error: z.ZodError, whole: string) => {
  const issue = error.issues[0];
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const field = [...path, issue.keys[0] ?? ''].join('.');
    return { field, message: 'is not known here: check its spelling' };
  }
  const field = path.join('.') || whole;
  if (issue?.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return { field, message: `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}` };
  if (issue?.code === 'invalid_union' && issue.message.startsWith('Invalid input'))
    return { field, message: 'has none of the forms that it may have' };
  return { field, message: issue?.message ?? 'is not valid' };
};
