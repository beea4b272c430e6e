import { randomSecret } from './attempt.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { createRecords } from './records.ts';
import { sha256 } from './sha256.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** A link for an administrator of the tenant who is no user of the host. */
export interface Invitation {
  readonly connectionId: string;
  /** When the tenant was registered: a link does not outlive its registration. */
  readonly registeredAt: string;
  /** Who sent it, by the host's word. */
  readonly actor: string;
  readonly returnTo?: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

// An administrator may be away over a week-end.
const LIFE = 3 * 24 * 3600_000;

export interface Invitations {
  /** Stores the invitation and returns the secret that its link carries. */
  create(
    invitation: Pick<Invitation, 'actor' | 'returnTo'>,
    connection: Connection,
  ): Promise<{ readonly secret: string; readonly expiresAt: number }>;
  /** By the secret of its link. @throws ConnectorError `attempt_invalid` */
  open(secret: string): Promise<{ readonly id: string; readonly invitation: Invitation }>;
  /** @throws ConnectorError `attempt_invalid` when it was used, has expired, or its registration has ended */
  require(id: string): Promise<Invitation>;
  /** Uses the invitation up. @throws ConnectorError `attempt_invalid` when somebody else did */
  consume(id: string): Promise<void>;
  /** What it was used for did not come about: it is good again. */
  restore(id: string, invitation: Invitation): Promise<void>;
  /** Ends all invitations of a connection. */
  cancel(connectionId: string): Promise<void>;
}

export function createInvitations(context: {
  readonly storage: StorageAdapter;
  readonly clock: Clock;
  readonly findConnection: (connectionId: string) => Promise<Connection | undefined>;
}): Invitations {
  const { storage, clock, findConnection } = context;
  const invitations = createRecords<Invitation>(storage, 'invitations');

  const required = async (id: string) => {
    const invitation = (await invitations.get(id))?.value;
    if (!invitation || invitation.expiresAt <= clock.now()) throw invalid();
    const connection = await findConnection(invitation.connectionId);
    if (!connection || connection.status === 'disconnected') throw invalid();
    if (connection.registeredAt !== invitation.registeredAt) throw invalid();
    return invitation;
  };

  return {
    async create(fields, connection) {
      const secret = randomSecret();
      const expiresAt = clock.now() + LIFE;
      const { id: connectionId, registeredAt } = connection;
      await invitations.put(sha256(secret), { ...fields, connectionId, registeredAt, expiresAt }, null);
      return { secret, expiresAt };
    },
    async open(secret) {
      const id = sha256(secret);
      return { id, invitation: await required(id) };
    },
    require: required,
    async consume(id) {
      if (!(await invitations.delete(id))) throw invalid();
    },
    restore: async (id, invitation) => void (await invitations.put(id, invitation)),
    async cancel(connectionId) {
      for await (const { id, value } of invitations.list())
        if (value.connectionId === connectionId) await invitations.delete(id);
    },
  };
}

const invalid = () =>
  new ConnectorError(
    'attempt_invalid',
    'This link is unknown, expired or already used. Ask whoever sent it for a new one.',
  );
