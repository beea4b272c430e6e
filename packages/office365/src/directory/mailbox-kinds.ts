import { ConnectorError, type MailboxKind } from '@mailsphere/core';
import { z } from 'zod';
import type { TokenManager } from '../entra/token-manager.ts';
import { rolesOf } from '../entra/token-roles.ts';
import type { GraphQuery } from '../graph/graph-call.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { mayHaveMailbox } from '../mail/mailbox-row.ts';
import { mailboxSettings } from '../permissions.ts';
import type { UserRow } from './user-row.ts';

export type Reading = Pick<GraphQuery, 'tenantId' | 'signal' | 'maxWait' | 'onAnswer'>;

/** What the mailboxes of some users are for, by the id of the user; who is not named has none, or it is not known. */
export type MailboxKinds = (
  rows: readonly UserRow[],
  reading: Reading,
) => Promise<ReadonlyMap<string, MailboxKind>>;

// Each mailbox has a quota of its own, so this only keeps a page of users from being sent off all at once.
const AT_ONCE = 8;

const OF_ONE_MAILBOX = ['permission_missing', 'mailbox_not_found', 'gone', 'poison', 'item_failed'] as const;

// What cannot be read tells nothing, and must not hold up the users.
const purposeAnswer = z.object({ userPurpose: z.string() }).catch({ userPurpose: '' });

/**
 * Asks each mailbox: lists of users do not tell ("mailboxSettings resource type", `userPurpose`).
 *
 * No mailbox is asked with a token that lacks the permission. A mailbox that is not there, is shut by a policy of Exchange or does not
 * answer stays unknown; only what concerns all of them ends the work.
 */
export function createMailboxKinds(options: {
  readonly graph: GraphClient;
  readonly tokens: TokenManager;
}): MailboxKinds {
  const { graph, tokens } = options;

  const mayAsk = async ({ tenantId, signal, maxWait }: Reading): Promise<boolean> => {
    const { token } = await tokens.acquire(tenantId, { signal, maxWait });
    return rolesOf(token)?.includes(mailboxSettings.id) ?? true;
  };

  const kindOf = async (mailboxId: string, reading: Reading): Promise<MailboxKind | undefined> => {
    const { tenantId, signal, maxWait, onAnswer } = reading;
    try {
      const { userPurpose } = await graph.read(
        {
          tenantId,
          signal,
          maxWait,
          onAnswer,
          lane: { kind: 'mailbox', tenantId, mailboxId },
          // As a single message: a mailbox that answers with 503 for ever ends after three tries, and cannot hold up the directory.
          about: 'item',
          path: ['users', { id: mailboxId }, 'mailboxSettings'],
          query: '$select=userPurpose',
        },
        purposeAnswer,
      );
      return kindBy(userPurpose);
    } catch (error) {
      if (ConnectorError.is(error, ...OF_ONE_MAILBOX)) return undefined;
      throw error;
    }
  };

  return async (rows, reading) => {
    const kinds = new Map<string, MailboxKind>();
    const left = mailboxesOf(rows);
    if (left.length === 0 || !(await mayAsk(reading))) return kinds;
    const askInTurn = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        const kind = await kindOf(id, reading);
        if (kind) kinds.set(id, kind);
      }
    };
    const work = Array.from({ length: AT_ONCE }, () =>
      askInTurn().catch((error) => {
        left.length = 0;
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(work)).find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    return kinds;
  };
}

/** Each once: of a user who is listed twice, the last row holds. */
const mailboxesOf = (rows: readonly UserRow[]): string[] =>
  [...new Map(rows.map((row) => [row.id, row])).values()]
    .filter((row) => !row['@removed'] && mayHaveMailbox(row))
    .map(({ id }) => id);

const purposes: ReadonlyMap<string, MailboxKind> = new Map<string, MailboxKind>([
  ['user', 'user'],
  ['linked', 'linked'],
  ['shared', 'shared'],
  ['room', 'room'],
  ['equipment', 'equipment'],
]);

/** The list of purposes may grow: a word that is new here is none of those known. */
const kindBy = (purpose: string): MailboxKind | undefined =>
  purpose === '' ? undefined : (purposes.get(purpose.toLowerCase()) ?? 'other');
