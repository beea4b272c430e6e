import { type Clock, ConnectorError } from '@mailsphere/core';
import { z } from 'zod';
import { directoryQuery } from '../directory/directory-source.ts';
import { pageReader } from '../graph/collection.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { mailboxRow, mailboxSelect, mayHaveMailbox } from './mailbox-row.ts';

// The largest page that "List users" gives.
const PAGE = 999;
// Asked from all over the page, so that a scope of a tenth of the mailboxes is overlooked once in 200 times; one that is
// found takes two or three. Each mailbox has a quota of its own, so they cost the tenant nothing but the one page.
const MOST_PROBES = 50;
const AT_ONCE = 5;
const LONGEST = 30_000;

const folder = z.object({ id: z.string() });

/**
 * Whether the application may open at least one mailbox, found out by opening inboxes. Needed where Exchange Online grants
 * mail ("Role Based Access Control for Applications in Exchange Online"): there a token tells nothing.
 *
 * @throws ConnectorError `unavailable` and the like when the service does not say
 */
export function createMailProbe(
  graph: GraphClient,
  clock: Clock,
): (
  tenantId: string,
  limits: { readonly signal: AbortSignal | undefined; readonly maxWait: number },
) => Promise<boolean> {
  const users = pageReader(graph, mailboxRow);

  return async (tenantId, limits) => {
    const end = clock.now() + LONGEST;
    const { rows } = await users({
      ...directoryQuery(tenantId, limits),
      path: ['users'],
      query: `$select=${mailboxSelect}&$top=${PAGE}`,
    }).catch((error) => {
      // Without the list nobody can say; that its permission is missing too is seen by the caller.
      if (ConnectorError.is(error, 'permission_missing')) return { rows: [] };
      throw error;
    });

    const opens = async (mailboxId: string): Promise<boolean> => {
      if (clock.now() >= end)
        throw new ConnectorError(
          'unavailable',
          'It takes too long to find out which mailboxes are open: try again later.',
        );
      try {
        await graph.read(
          {
            ...limits,
            tenantId,
            lane: { kind: 'mailbox', tenantId, mailboxId },
            about: 'mailbox',
            path: ['users', { id: mailboxId }, 'mailFolders', 'inbox'],
            query: '$select=id',
          },
          folder,
        );
        return true;
      } catch (error) {
        if (ConnectorError.is(error, 'permission_missing', 'mailbox_not_found', 'gone')) return false;
        throw error;
      }
    };

    const left = spread(rows.filter(mayHaveMailbox).map(({ id }) => id));
    while (left.length > 0) {
      const answers = await Promise.allSettled(left.splice(0, AT_ONCE).map(opens));
      if (answers.some((answer) => answer.status === 'fulfilled' && answer.value)) return true;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed) throw failed.reason;
    }
    return false;
  };
}

/** The same ones each time, as long as the list is the same: what was found yesterday is found again. */
function spread(ids: readonly string[]): string[] {
  const count = Math.min(ids.length, MOST_PROBES);
  return Array.from({ length: count }, (_, index) => ids[Math.floor((index * ids.length) / count)] ?? '');
}
