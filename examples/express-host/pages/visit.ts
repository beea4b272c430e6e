import type { Connection } from '@mailsphere/core';
import type { Organization } from '../organizations.ts';
import type { Person } from '../people.ts';
import type { Frame } from './layout.ts';

/** Somebody looks at a page of an organization. */
export interface Visit {
  readonly person: Person;
  readonly organization: Organization;
  readonly connection: Connection | undefined;
  readonly path: string;
  readonly said?: string | undefined;
}

/** Whether somebody has authorised the tenant, be it that the consent is gone by now. */
export const isConnected = (connection: Connection | undefined): connection is Connection =>
  connection?.status === 'active' || connection?.status === 'reauthorization_required';

export const frame = ({ connection, ...visit }: Visit, title: string): Frame => ({
  ...visit,
  title,
  isConnected: isConnected(connection),
});

export const mailPath = ({ organization }: Visit): string => `/organizations/${organization.id}/mail`;
export const userSyncPath = ({ organization }: Visit): string =>
  `/organizations/${organization.id}/user-sync`;

/** Where the SDK's pages begin; afterwards the browser comes back to the overview. */
export const beginPath = ({ organization }: Visit, { id }: Connection): string =>
  `/connect/begin?${new URLSearchParams({
    connectionId: id,
    returnTo: `/organizations/${organization.id}?said=connected`,
  })}`;

/** Why nothing is read of the directory or of the mail of this connection; `undefined` when it is. */
export const restOf = (
  connection: Connection | undefined,
  capability: 'directory' | 'mail',
): string | undefined => {
  const off = connection?.disabled?.find((one) => one.capability === capability);
  if (off) return off.reason;
  return connection?.status === 'active' ? undefined : 'It rests until the tenant is authorised again.';
};
