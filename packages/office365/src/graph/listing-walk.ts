import { ConnectorError, type Cursor } from '@mailsphere/core';
import { z } from 'zod';

/** A listing of a walk over several: of the children of `parent`, or of the top without one; with `link`, from a page on. */
export interface Listing {
  readonly parent?: string | undefined;
  readonly link?: string | undefined;
}

const walkSchema = z
  .array(z.object({ parent: z.string().min(1).optional(), link: z.string().optional() }))
  .min(1);

/** Reads a cursor of the walk: what is left to list. Without one the walk begins with `begin`. */
export function readWalk(cursor: Cursor | undefined, begin: readonly Listing[]): Listing[] {
  if (cursor === undefined) return [...begin];
  try {
    return walkSchema.parse(JSON.parse(cursor));
  } catch {
    throw new ConnectorError(
      'invalid_request',
      'cursor was not made by this listing: leave it out to begin anew.',
      { field: 'cursor' },
    );
  }
}

/** `undefined` when nothing is left. */
export const writeWalk = (left: readonly Listing[]): Cursor | undefined =>
  left.length === 0 ? undefined : JSON.stringify(left);
