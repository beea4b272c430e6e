import type { EmailAddress } from '@mailsphere/core';
import type { DirectorySinkUnderTest } from '@mailsphere/core/testing';
import type { SqlDirectory } from '../../src/sqlite/index.ts';

/** A directory as the suite takes it. */
export function underTest(directory: SqlDirectory, close?: () => Promise<void>): DirectorySinkUnderTest {
  const flat = <T extends { readonly addresses: readonly EmailAddress[] }>(entry: T) => ({
    ...entry,
    addresses: entry.addresses.map(({ address }) => address),
  });
  return {
    sink: close ? { ...directory, close } : directory,
    async read(connectionId) {
      const limit = 10_000;
      const groups = await directory.list(connectionId, 'group', { limit });
      return [
        ...(await directory.list(connectionId, 'domain', { limit })),
        ...(await directory.list(connectionId, 'user', { limit })).map(flat),
        ...(await directory.list(connectionId, 'contact', { limit })).map(flat),
        ...(await Promise.all(
          groups.map(async (group) => ({
            ...flat(group),
            members: (await directory.members(connectionId, group.id)).map(({ id }) => id),
          })),
        )),
      ];
    },
  };
}
