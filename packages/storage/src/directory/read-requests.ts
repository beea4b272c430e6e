import { ConnectorError, directoryKinds } from '@mailsphere/core';
import { parseOptions } from '@mailsphere/core/internal';
import { z } from 'zod';
import { ID_MESSAGE, isStorable } from './text.ts';

const whole = (least: number, most: number, message: string) =>
  z.number(message).int(message).min(least, message).max(most, message);

const id = z.string('must be text').refine(isStorable, ID_MESSAGE);
const position = whole(0, Number.MAX_SAFE_INTEGER, 'must be a whole number, 0 or more');
const limit = whole(1, 10_000, 'must be a whole number from 1 to 10,000').default(1000);

const FIELDS = {
  connectionId: id,
  groupId: id,
  // One that a database cannot keep as it is finds what was stored in its place.
  address: z.string('must be text'),
  kind: z.enum(directoryKinds, `must be one of ${directoryKinds.join(', ')}`),
  upTo: position,
};

export const listOptions = z.strictObject({ after: id.default(''), limit });
export const changesOptions = z.strictObject({ after: position.default(0), limit });

/**
 * Checks what a call was given, field by field.
 *
 * @throws ConnectorError `invalid_request` that names the first wrong field.
 */
export function checkFields(given: Readonly<Partial<Record<keyof typeof FIELDS, unknown>>>): void {
  for (const [field, value] of Object.entries(given)) {
    const schema = FIELDS[field as keyof typeof FIELDS];
    const result = schema.safeParse(value);
    if (result.success) continue;
    const message = `${field}: ${result.error.issues[0]?.message}`;
    throw new ConnectorError('invalid_request', message, { field });
  }
}

/**
 * The options of a call, with their defaults.
 *
 * @throws ConnectorError `invalid_request` that names the first wrong option.
 */
export function readOptions<Schema extends z.ZodType>(
  call: string,
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  try {
    return parseOptions(call, schema, options);
  } catch (error) {
    // A call with wrong options is a wrong request: `invalid_options` is for what a factory was given.
    if (!ConnectorError.is(error, 'invalid_options')) throw error;
    throw new ConnectorError('invalid_request', error.message, { field: error.field });
  }
}
