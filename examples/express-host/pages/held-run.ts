import type { DirectoryKind, DirectoryRun } from '@mailsphere/core';
import { count } from './html.ts';

export const kinds: Readonly<Record<DirectoryKind, string>> = {
  domain: 'Domains',
  user: 'Users',
  contact: 'Contacts',
  group: 'Groups',
};
export const kindList = Object.keys(kinds) as readonly DirectoryKind[];

/** The run whose removals are held. One that broke off later has decided nothing. */
export function heldRun(runs: readonly DirectoryRun[]): DirectoryRun | undefined {
  const last = runs.find(({ outcome }) => outcome === 'completed' || outcome === 'held');
  return last?.outcome === 'held' ? last : undefined;
}

/** Such as `24 of 40 users`, for each kind of which something is held. */
export const heldOf = ({ held }: Pick<DirectoryRun, 'held'>): readonly string[] =>
  kindList.flatMap((kind) => {
    const { removals, stored } = held[kind] ?? {};
    return removals === undefined || stored === undefined
      ? []
      : [`${count(removals)} of ${count(stored)} ${kinds[kind].toLowerCase()}`];
  });
