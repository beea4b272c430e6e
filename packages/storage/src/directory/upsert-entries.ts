import type { DirectoryContact, DirectoryDomain, DirectoryUser, GroupEntry } from '@mailsphere/core';
import { sql } from 'kysely';
import type { SqlTables } from './sql-dialect.ts';
import type { DirectoryTables } from './tables.ts';
import { asText } from './text.ts';

/** Where the entries are to be stored: the round of a connection. */
export interface Round {
  readonly connectionId: string;
  readonly generation: number;
}

/** An entry that is stored now; `row` is a number as text. */
type Stored = Promise<readonly { readonly id: string; readonly row: string }[]>;

// A late batch of an older round must not make a newer round's sweep take away what that round has seen.
export const newest = (table: keyof DirectoryTables) => {
  const stored = sql.ref(`${table}.generation`);
  return sql<number>`case when ${stored} > excluded.generation then ${stored} else excluded.generation end`;
};

const KEY = ['connection_id', 'id'] as const;
const STORED = ['id' as const, asText('row').as('row')];

const key = ({ connectionId, generation }: Round, { id }: { readonly id: string }) => ({
  connection_id: connectionId,
  id,
  generation,
});

export const upsertDomains = ({ db }: SqlTables, round: Round, domains: readonly DirectoryDomain[]): Stored =>
  db
    .insertInto('directory_domains')
    .values(
      domains.map((domain) => ({
        ...key(round, domain),
        is_default: domain.isDefault,
        is_initial: domain.isInitial,
        is_verified: domain.isVerified,
        accepts_mail: domain.acceptsMail,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        is_default: ref('excluded.is_default'),
        is_initial: ref('excluded.is_initial'),
        is_verified: ref('excluded.is_verified'),
        accepts_mail: ref('excluded.accepts_mail'),
        generation: newest('directory_domains'),
      })),
    )
    .returning(STORED)
    .execute();

export const upsertUsers = ({ db }: SqlTables, round: Round, users: readonly DirectoryUser[]): Stored =>
  db
    .insertInto('directory_users')
    .values(
      users.map((user) => ({
        ...key(round, user),
        user_principal_name: user.userPrincipalName,
        display_name: user.displayName ?? null,
        user_type: user.userType,
        enabled: user.enabled,
        licensed: user.licensed,
        mailbox_kind: user.mailboxKind ?? null,
        other_addresses: JSON.stringify(user.otherAddresses),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        user_principal_name: ref('excluded.user_principal_name'),
        display_name: ref('excluded.display_name'),
        user_type: ref('excluded.user_type'),
        enabled: ref('excluded.enabled'),
        licensed: ref('excluded.licensed'),
        mailbox_kind: ref('excluded.mailbox_kind'),
        other_addresses: ref('excluded.other_addresses'),
        generation: newest('directory_users'),
      })),
    )
    .returning(STORED)
    .execute();

export const upsertContacts = (
  { db }: SqlTables,
  round: Round,
  contacts: readonly DirectoryContact[],
): Stored =>
  db
    .insertInto('directory_contacts')
    .values(
      contacts.map((contact) => ({
        ...key(round, contact),
        display_name: contact.displayName ?? null,
        company_name: contact.companyName ?? null,
        other_addresses: JSON.stringify(contact.otherAddresses),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        display_name: ref('excluded.display_name'),
        company_name: ref('excluded.company_name'),
        other_addresses: ref('excluded.other_addresses'),
        generation: newest('directory_contacts'),
      })),
    )
    .returning(STORED)
    .execute();

export const upsertGroups = ({ db }: SqlTables, round: Round, groups: readonly GroupEntry[]): Stored =>
  db
    .insertInto('directory_groups')
    .values(
      groups.map((group) => ({
        ...key(round, group),
        display_name: group.displayName ?? null,
        group_type: group.groupType,
        dynamic_membership: group.dynamicMembership,
        hidden_membership: group.hiddenMembership,
        other_addresses: JSON.stringify(group.otherAddresses),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        display_name: ref('excluded.display_name'),
        group_type: ref('excluded.group_type'),
        dynamic_membership: ref('excluded.dynamic_membership'),
        hidden_membership: ref('excluded.hidden_membership'),
        other_addresses: ref('excluded.other_addresses'),
        generation: newest('directory_groups'),
      })),
    )
    .returning(STORED)
    .execute();
