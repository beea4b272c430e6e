import type { DirectoryDomain, DirectoryGroup, DirectoryUser } from '@mailsphere/core';
import { type Kysely, sql } from 'kysely';
import type { SqliteTables } from './tables.ts';

/** Where the entries are to be stored: the round of a connection. */
export interface Round {
  readonly connectionId: string;
  readonly generation: number;
}

/** An entry that is stored now. */
export interface StoredRow {
  readonly id: string;
  readonly row: number;
}

// A late batch of an older round must not make a newer round's sweep take away what that round has seen.
export const newest = (table: keyof SqliteTables) =>
  sql<number>`max(${sql.ref(`${table}.generation`)}, excluded.generation)`;

const KEY = ['connection_id', 'id'] as const;

const key = ({ connectionId, generation }: Round, { id }: { readonly id: string }) => ({
  connection_id: connectionId,
  id,
  generation,
});

export const upsertDomains = (
  db: Kysely<SqliteTables>,
  round: Round,
  domains: readonly DirectoryDomain[],
): Promise<readonly StoredRow[]> =>
  db
    .insertInto('directory_domains')
    .values(
      domains.map((domain) => ({
        ...key(round, domain),
        is_default: Number(domain.isDefault),
        is_initial: Number(domain.isInitial),
        is_verified: Number(domain.isVerified),
        accepts_mail: Number(domain.acceptsMail),
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
    .returning(['row', 'id'])
    .execute();

export const upsertUsers = (
  db: Kysely<SqliteTables>,
  round: Round,
  users: readonly DirectoryUser[],
): Promise<readonly StoredRow[]> =>
  db
    .insertInto('directory_users')
    .values(
      users.map((user) => ({
        ...key(round, user),
        user_principal_name: user.userPrincipalName,
        display_name: user.displayName ?? null,
        user_type: user.userType,
        enabled: Number(user.enabled),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        user_principal_name: ref('excluded.user_principal_name'),
        display_name: ref('excluded.display_name'),
        user_type: ref('excluded.user_type'),
        enabled: ref('excluded.enabled'),
        generation: newest('directory_users'),
      })),
    )
    .returning(['row', 'id'])
    .execute();

export const upsertGroups = (
  db: Kysely<SqliteTables>,
  round: Round,
  groups: readonly DirectoryGroup[],
): Promise<readonly StoredRow[]> =>
  db
    .insertInto('directory_groups')
    .values(
      groups.map((group) => ({
        ...key(round, group),
        display_name: group.displayName ?? null,
        group_type: group.groupType,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ ref }) => ({
        display_name: ref('excluded.display_name'),
        group_type: ref('excluded.group_type'),
        generation: newest('directory_groups'),
      })),
    )
    .returning(['row', 'id'])
    .execute();
