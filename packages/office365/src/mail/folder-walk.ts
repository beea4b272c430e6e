import { ConnectorError, type Cursor } from '@mailsphere/core';
import { z } from 'zod';

/** What is left to list of a mailbox's folders: the top level without `parent`, and a page to go on with as `link`. */
export interface FolderListing {
  readonly parent?: string | undefined;
  readonly link?: string | undefined;
}

const walkSchema = z
  .array(z.object({ parent: z.string().min(1).optional(), link: z.string().optional() }))
  .min(1);

/** Reads a cursor of the walk; without one the walk begins at the top. */
export function readWalk(cursor: Cursor | undefined): FolderListing[] {
  if (cursor === undefined) return [{}];
  try {
    return walkSchema.parse(JSON.parse(cursor));
  } catch {
    throw new ConnectorError(
      'invalid_request',
      'cursor was not made by folders(): leave it out to begin at the top.',
      { field: 'cursor' },
    );
  }
}

/** `undefined` when nothing is left. */
export const writeWalk = (left: readonly FolderListing[]): Cursor | undefined =>
  left.length === 0 ? undefined : JSON.stringify(left);
