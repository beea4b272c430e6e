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

/** Nothing that would pass for empty options without being any, such as a promise of them. */
export const plainObject = z.custom<object>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value)),
  'must be a plain object; a function that gives one must not be asynchronous',
);

/** zod's own sentences tell what came; ours tell what would be right. */
const firstIssue = (error: z.ZodError, whole: string) => {
  const { issue, path } = nearest(error.issues[0]);
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

type Issue = z.core.$ZodIssue;

/** Of a value that may have several forms: what is wrong within the only one that it resembles. */
function nearest(issue: Issue | undefined): {
  readonly issue: Issue | undefined;
  readonly path: readonly string[];
} {
  const path = issue?.path.map(String) ?? [];
  if (issue?.code !== 'invalid_union') return { issue, path };
  const resembling = issue.errors.flatMap(([first]) => (first && isWithin(first) ? [first] : []));
  if (resembling.length !== 1) return { issue, path };
  const inner = nearest(resembling[0]);
  return { issue: inner.issue, path: [...path, ...inner.path] };
}

const isWithin = (issue: Issue): boolean => issue.path.length > 0 || issue.code === 'unrecognized_keys';
