import { directoryKinds } from '@mailsphere/core';
import { parseRequest } from '@mailsphere/core/internal';
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
  for (const [field, value] of Object.entries(given))
    parseRequest<z.ZodType>(FIELDS[field as keyof typeof FIELDS], value, field);
}
