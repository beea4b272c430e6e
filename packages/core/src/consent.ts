import type { Bindings } from './bindings.ts';
import type { CallOptions } from './call-options.ts';
import type { Clock } from './clock.ts';
import type { Authorized, Connection, DisabledCapability } from './connection.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import type { Grant } from './provider.ts';

/** What `authorization.check` found. */
export interface ConsentCheck {
  /** As it is after the check. */
  readonly connection: Connection;
  /**
   * - `granted`: the tenant grants what is required. A connection that was waiting for this works again; one that was
   *   never authorised still takes an administrator who signs in and confirms.
   * - `incomplete`: it grants a part of it.
   * - `pending`: it grants nothing, or not yet: a grant takes about a minute to become visible.
   */
  readonly consent: 'granted' | 'incomplete' | 'pending';
}

/** What becomes of a connection when the service says what is granted, or refuses. */
export interface Consent {
  /** @throws ConnectorError `tenant_already_bound`, `refused` when the connection was ended meanwhile */
  activate(
    confirmed: {
      readonly connectionId: string;
      /** Of the registration that was authorised: a later one of the same tenant is another matter. */
      readonly registeredAt: string;
      readonly grant: Grant;
    },
    authorized: Omit<Authorized, 'at'>,
  ): Promise<Connection>;
  /** Asks the service what is granted, and records it. @throws ConnectorError when the service cannot tell now */
  check(connectionId: string, options?: CallOptions): Promise<ConsentCheck>;
  /** The service refused work as if consent were gone. Believed only when it still does so minutes later. */
  reportRefusal(connectionId: string, refusal: ConnectorError): Promise<void>;
  /** The service let work through: an earlier refusal of work was a passing one. */
  reportSuccess(connection: Connection): Promise<void>;
}

/** Milliseconds. Errors right after a consent pass within a minute, and directories replicate within minutes. */
export const REFUSAL_PATIENCE = 3 * 60_000;
const REFUSAL_LIFE = 3600_000;

export function createConsent(context: {
  readonly connections: ConnectionRegistry;
  readonly bindings: Bindings;
  readonly clock: Clock;
  readonly emit: Emit;
}): Consent {
  const { connections, bindings, clock, emit } = context;
  const now = () => new Date(clock.now()).toISOString();

  const listed = (grant: Grant): Partial<Connection> => ({
    tenantName: grant.displayName,
    granted: grant.granted,
    partial: grant.partial,
    disabled: disabledBy(grant),
    checkedAt: now(),
    ...noRefusal,
    reauthorization: undefined,
  });

  /** The service lists everything that is required. */
  const record = async (connectionId: string, grant: Grant) => {
    let before: Connection | undefined;
    const connection = await connections.change(connectionId, (current) => {
      before = current;
      const isBound = current.status === 'active' || current.status === 'reauthorization_required';
      return isBound ? { ...listed(grant), status: 'active' } : undefined;
    });
    if (connection.status !== 'active' || !before) return connection;
    if (before.status !== 'active') emit('connection.activated', { connection });
    else if (picture(before) !== picture(connection)) emit('connection.permissions_changed', { connection });
    return connection;
  };

  const refuse = async (
    connectionId: string,
    refusal: ConnectorError,
    by: NonNullable<Connection['refusedBy']>,
  ): Promise<Connection> => {
    const { code, message } = reasonOf(refusal);
    let lost = false;
    const connection = await connections.change(connectionId, (current) => {
      lost = false;
      if (current.status === 'reauthorization_required') return { checkedAt: now() };
      if (current.status !== 'active') return undefined;
      const since = Date.parse(current.refusedSince ?? now());
      // A clock that was ahead when it wrote.
      if (since > clock.now()) return { refusedSince: now(), refusedBy: by };
      const age = clock.now() - since;
      // Two refusals of work that are hours apart, with nothing asked between them, are one and one.
      const isOld = current.refusedBy === 'work' && age > REFUSAL_LIFE;
      if (current.refusedSince === undefined || isOld) return { refusedSince: now(), refusedBy: by };
      lost = age >= REFUSAL_PATIENCE;
      if (!lost) return by === 'verification' ? { refusedBy: by } : undefined;
      return {
        ...noRefusal,
        status: 'reauthorization_required',
        reauthorization: { code, message, since: now() },
        checkedAt: now(),
      };
    });
    if (lost) emit('connection.reauthorization_required', { connection, code, message });
    return connection;
  };

  return {
    async activate({ connectionId, registeredAt, grant }, authorized) {
      const connection = await connections.require(connectionId);
      const isSame = (current: Connection) =>
        current.status !== 'disconnected' && current.registeredAt === registeredAt;
      await bindings.bindTenant(connection);
      const previous = connection.status;
      const activated = await connections.change(connectionId, (current) =>
        isSame(current)
          ? {
              ...listed(grant),
              status: 'active',
              activeSince: current.activeSince ?? now(),
              authorized: { ...authorized, at: now() },
            }
          : undefined,
      );
      // Somebody ended the connection, or took another tenant, while the administrator was at it.
      if (!isSame(activated) || !(await bindings.holds(activated))) {
        const free = await bindings.releaseOf(connection);
        const undone = await connections.change(connectionId, (current) =>
          isSame(current) && current.status === 'active' && previous === 'registered'
            ? { status: 'registered', granted: [], activeSince: undefined, authorized: undefined }
            : undefined,
        );
        if (undone.status !== 'active') await free();
        throw new ConnectorError('refused', 'The connection was ended meanwhile: register the tenant again.');
      }
      emit('connection.activated', { connection: activated });
      return activated;
    },

    async check(connectionId, options) {
      const connection = await connections.require(connectionId);
      // Whether a tenant has consented is nobody's business who has not shown to belong to it.
      const isStranger = connection.status === 'registered' && connection.signedInAt === undefined;
      if (connection.status === 'disconnected' || isStranger) {
        throw new ConnectorError(
          'refused',
          'Nobody of the tenant has signed in for this connection yet: begin the authorization first.',
        );
      }
      try {
        const provider = connections.provider(connection);
        const grant = await provider.verify(connection.tenant, {
          ...options,
          partialBefore: connection.partial,
        });
        const missing = requiredOf(grant);
        if (missing.length === 0)
          return { connection: await record(connectionId, grant), consent: 'granted' };
        const refusal = permissionsMissing(missing);
        return { connection: await refuse(connectionId, refusal, 'verification'), consent: 'incomplete' };
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return { connection: await refuse(connectionId, error, 'verification'), consent: 'pending' };
      }
    },

    async reportRefusal(connectionId, refusal) {
      await refuse(connectionId, refusal, 'work');
    },

    async reportSuccess(connection) {
      // Work may go well on a token that was issued before, or without the permission that is missing. A verification asks with a
      // fresh token for everything, so only the next one takes its word back.
      if (connection.refusedBy !== 'work') return;
      await connections.change(connection.id, (current) =>
        current.status === 'active' && current.refusedBy === 'work' ? noRefusal : undefined,
      );
    },
  };
}

const noRefusal = { refusedSince: undefined, refusedBy: undefined };

/** Whether the service says that consent is gone. A tenant that was there and is no longer found was deleted. */
export const isRefusal = (error: unknown): error is ConnectorError =>
  ConnectorError.is(error, 'consent_pending', 'reauthorization_required', 'tenant_not_found');

/** The ids of what is required and not granted. */
export const requiredOf = (grant: Grant): readonly string[] =>
  grant.missing.filter(({ required }) => required).map(({ id }) => id);

export const permissionsMissing = (ids: readonly string[]): ConnectorError =>
  new ConnectorError(
    'permission_missing',
    `The tenant has not granted: ${ids.join(', ')}. Add them to the app registration if they are not listed there, then start again and accept all.`,
  );

function disabledBy(grant: Grant): readonly DisabledCapability[] {
  const capabilities = new Set(grant.missing.map(({ capability }) => capability));
  return [...capabilities].map((capability) => {
    const missing = grant.missing.filter((each) => each.capability === capability).map(({ id }) => id);
    const reason = `Off, because the tenant has not granted ${missing.join(', ')}. An administrator can grant it by authorising again.`;
    return { capability, missing, reason };
  });
}

const picture = ({ granted, partial = [] }: Connection) =>
  JSON.stringify([[...granted].sort(), [...partial].sort()]);

function reasonOf(refusal: ConnectorError): { readonly code: string; readonly message: string } {
  // That a grant is "not visible yet" is true during a consent only; what the service said is behind it.
  const told =
    refusal.code === 'consent_pending' && ConnectorError.is(refusal.cause) ? refusal.cause : refusal;
  if (told.code !== 'consent_pending') return { code: told.serviceCode ?? told.code, message: told.message };
  return {
    code: told.serviceCode ?? 'permission_missing',
    message: 'The tenant grants this connector nothing any more: an administrator must authorise it again.',
  };
}
