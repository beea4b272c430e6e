import { type Clock, ConnectorError } from '@mailsphere/core';
import { z } from 'zod';
import { directoryQuery } from '../directory/directory-source.ts';
import { pageReader } from '../graph/collection.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { mailboxRow, mailboxSelect, mayHaveMailbox } from './mailbox-row.ts';

// The largest page that "List users" gives, and as many of them as are looked at.
const PAGE = 999;
const MOST_PAGES = 5;
// Picked evenly from all over these pages. Of a scope of a tenth of the mailboxes, spread over the list, all fifty are
// outside once in 194 times (0.9 to the power of 50), of a scope of a hundredth in 61 of 100. Each mailbox has a quota of
// its own, so they cost the tenant nothing but the pages.
const MOST_PROBES = 50;
const AT_ONCE = 5;
const LONGEST = 30_000;

interface Limits {
  readonly signal: AbortSignal | undefined;
  readonly maxWait: number;
}

const folder = z.object({ id: z.string() });

/**
 * Whether the application may open at least one mailbox, found out by opening inboxes. Needed where Exchange Online grants
 * mail ("Role Based Access Control for Applications in Exchange Online"): there a token tells nothing.
 *
 * @throws ConnectorError `unavailable` and the like when the service does not say
 */
export function createMailProbe(
  graph: GraphClient,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
): (tenantId: string, limits: Limits) => Promise<boolean> {
  const users = pageReader(graph, mailboxRow);

  const mailboxes = async (tenantId: string, limits: Limits, inTime: () => void): Promise<string[]> => {
    const ids: string[] = [];
    let link: string | undefined;
    for (let pages = 0; pages < MOST_PAGES && (pages === 0 || link !== undefined); pages++) {
      inTime();
      const page = await users({
        ...directoryQuery(tenantId, limits),
        link,
        path: ['users'],
        query: `$select=${mailboxSelect}&$top=${PAGE}`,
      });
      ids.push(...page.rows.filter(mayHaveMailbox).map(({ id }) => id));
      link = page.nextLink;
    }
    return ids;
  };

  return async (tenantId, limits) => {
    const end = clock.now() + LONGEST;
    const inTime = () => {
      if (clock.now() < end) return;
      throw new ConnectorError(
        'unavailable',
        'It takes too long to find out which mailboxes are open: try again later.',
      );
    };
    const ids = await mailboxes(tenantId, limits, inTime).catch((error) => {
      // Without the list nobody can say; that its permission is missing too is seen by the caller.
      if (ConnectorError.is(error, 'permission_missing')) return [];
      throw error;
    });

    const opens = async (mailboxId: string): Promise<boolean> => {
      inTime();
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

    const left = spread(ids, random());
    while (left.length > 0) {
      const answers = await Promise.allSettled(left.splice(0, AT_ONCE).map(opens));
      if (answers.some((answer) => answer.status === 'fulfilled' && answer.value)) return true;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed) throw failed.reason;
    }
    return false;
  };
}

/** @param offset From 0 up to 1: another one asks other mailboxes, so that what was overlooked once is found another time. */
function spread(ids: readonly string[], offset: number): string[] {
  const count = Math.min(ids.length, MOST_PROBES);
  return Array.from(
    { length: count },
    (_, index) => ids[Math.floor(((index + offset) * ids.length) / count)] ?? '',
  );
}
