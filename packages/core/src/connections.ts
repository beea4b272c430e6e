import { z } from 'zod';
import type { Bindings } from './bindings.ts';
import type { CallOptions } from './call-options.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import { parseRequest } from './options.ts';
import type { Capability, Permission, Provider } from './provider.ts';
import { createRecords } from './records.ts';
import { sha256 } from './sha256.ts';
import type { StorageAdapter } from './storage-adapter.ts';

export interface RegisterRequest {
  /** The host's own id of its customer. One organization has one connection of each provider. */
  readonly organizationId: string;
  /** What people call the customer. @default organizationId */
  readonly organizationName?: string | undefined;
  /** What the administrator typed: a name, a domain or an id of the tenant. */
  readonly tenant: string;
  /** The host's own id of the partner that manages the customer. */
  readonly partnerId?: string | undefined;
  /** @default the only provider */
  readonly provider?: string | undefined;
}

/** What the provider asks for, against what a tenant grants. */
export interface ConnectionPermissions {
  readonly granted: readonly Permission[];
  readonly missing: readonly Permission[];
  /** Granted, but not asked for: the service's own names. */
  readonly unexpected: readonly string[];
  /** Of `granted`: the ids of what holds for a part of the mailboxes only. */
  readonly partial: readonly string[];
  /** ISO 8601; `undefined` before the first authorisation. */
  readonly checkedAt: string | undefined;
}

export interface Connections {
  /**
   * Records the tenant of an organization. Again with the same tenant, it takes over a new name, partner or spelling and changes
   * nothing else; with another tenant, it replaces one that nobody authorised yet.
   * @throws ConnectorError `invalid_request`, `tenant_not_found`, and `refused` when another tenant is already authorised
   */
  register(request: RegisterRequest, options?: CallOptions): Promise<Connection>;
  get(connectionId: string): Promise<Connection | undefined>;
  /**
   * The connection of an organization as it is now. What it had with other tenants before is found by `list` only.
   * @param providerId @default the only provider
   */
  ofOrganization(organizationId: string, providerId?: string): Promise<Connection | undefined>;
  /** Reads all connections, whatever the filter. */
  list(filter?: { readonly partnerId?: string; readonly organizationId?: string }): AsyncIterable<Connection>;
  /**
   * What the tenant grants, as it was when the service was last asked: at an authorisation, and once a day.
   * `authorization.check` asks now.
   * @throws ConnectorError `not_found`
   */
  permissions(connectionId: string): Promise<ConnectionPermissions>;
  /**
   * Ends the connection: running work stops, here at once and in other processes within seconds; tokens are forgotten; the tenant
   * becomes free, and sign-ins and links under way lead nowhere. What was synchronised stays where it is.
   *
   * With `erase`, what the connector itself knows of it (how far it got, and the failures) is removed once all processes have
   * stopped, which may take 15 seconds, so that connecting again begins anew. The connection's own record stays.
   */
  disconnect(connectionId: string, options?: { readonly erase?: boolean | undefined }): Promise<Connection>;
}

/** What only the connector itself may do with connections. */
export interface ConnectionRegistry extends Connections {
  /** @throws ConnectorError `not_found` */
  require(connectionId: string): Promise<Connection>;
  /** @throws ConnectorError `not_found`, `refused` when nobody authorised it, or its consent is gone */
  requireActive(connectionId: string): Promise<Connection>;
  provider(connection: Connection): Provider;
  /**
   * Reads, changes and writes until nobody came between; `undefined` from `fields` leaves it as it is.
   * @throws ConnectorError `not_found`
   */
  change(
    connectionId: string,
    fields: (current: Connection) => Partial<Connection> | undefined,
  ): Promise<Connection>;
}

/** @throws ConnectorError `permission_missing` when the tenant has not granted what the capability takes */
export function requireCapability({ disabled = [] }: Connection, capability: Capability): void {
  const reason = disabled.find((each) => each.capability === capability)?.reason;
  if (reason !== undefined) throw new ConnectorError('permission_missing', reason);
}

const name = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
const registerSchema = z.strictObject({
  organizationId: name,
  organizationName: name.optional(),
  tenant: z
    .string('must be a name, a domain or an id')
    .trim()
    .min(1, 'must not be empty')
    .max(253, 'must have at most 253 characters'),
  partnerId: name.optional(),
  provider: name.optional(),
});

export function createConnections(context: {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly storage: StorageAdapter;
  readonly bindings: Bindings;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Ends the sign-ins and links of the connection that are under way. */
  readonly cancelAuthorization: (connectionId: string) => Promise<void>;
  /** Stops what runs for the connection in this process. Resolves when it has ended. */
  readonly stopWork: (connectionId: string) => Promise<void>;
  readonly eraseWork: (connectionId: string) => Promise<void>;
}): ConnectionRegistry {
  const { providers, storage, bindings, clock, emit } = context;
  const connections = createRecords<Connection>(storage, 'connections');
  const now = () => new Date(clock.now()).toISOString();

  const registry: ConnectionRegistry = {
    async register(request, options) {
      const { tenant: typed, provider: providerId, ...who } = parseRequest(registerSchema, request);
      const provider = providerId === undefined ? only(providers) : providers.get(providerId);
      if (!provider) {
        const known = [...providers.keys()].join(', ');
        throw new ConnectorError('invalid_request', `provider: must be one of ${known}`, {
          field: 'provider',
        });
      }
      const { organizationId } = who;
      const tenant = await resolve(provider, typed, options);
      const id = connectionIdOf(provider.id, organizationId, tenant.tenantId);
      await bindings.claimOrganization({ providerId: provider.id, organizationId }, id);
      const named = Object.fromEntries(Object.entries(who).filter(([, value]) => value !== undefined));
      const stored = await connections.update(id, (current) => {
        if (current && current.status !== 'disconnected') return { ...current, ...named, tenant };
        return {
          id,
          organizationId,
          organizationName: organizationId,
          ...named,
          providerId: provider.id,
          tenant,
          status: 'registered',
          granted: [],
          registeredAt: now(),
        };
      });
      if (!stored) throw notFound();
      return stored;
    },
    get: async (connectionId) => (await connections.get(connectionId))?.value,
    async *list(filter = {}) {
      for await (const { value } of connections.list()) {
        if (filter.partnerId !== undefined && value.partnerId !== filter.partnerId) continue;
        if (filter.organizationId !== undefined && value.organizationId !== filter.organizationId) continue;
        yield value;
      }
    },
    async ofOrganization(organizationId, providerId = only(providers)?.id) {
      if (providerId === undefined) return undefined;
      const id = await bindings.connectionOf({ providerId, organizationId });
      return id === undefined ? undefined : registry.get(id);
    },
    async permissions(connectionId) {
      const connection = await registry.require(connectionId);
      const { granted, partial = [], checkedAt } = connection;
      const { permissions } = registry.provider(connection);
      return {
        granted: permissions.filter(({ id }) => granted.includes(id)),
        missing: permissions.filter(({ id }) => !granted.includes(id)),
        unexpected: granted.filter((id) => !permissions.some((permission) => permission.id === id)),
        partial,
        checkedAt,
      };
    },
    async disconnect(connectionId, { erase = false } = {}) {
      const before = await registry.require(connectionId);
      const release = await bindings.releaseOf(before);
      const connection = await registry.change(connectionId, () => ({
        status: 'disconnected',
        granted: [],
        partial: undefined,
        disabled: undefined,
        checkedAt: undefined,
        refusedSince: undefined,
        refusedBy: undefined,
        reauthorization: undefined,
      }));
      const stopped = context.stopWork(connectionId);
      providers.get(connection.providerId)?.forget?.(connection.tenant);
      // As it was before the status: a later activation has bound anew. One that stays behind binds nobody.
      await release();
      await context.cancelAuthorization(connectionId);
      if (erase) {
        // What still runs would write again what is erased.
        await stopped;
        await context.eraseWork(connectionId);
      }
      if (before.status !== 'disconnected') emit('connection.disconnected', { connection });
      return connection;
    },

    async require(connectionId) {
      const connection = await registry.get(connectionId);
      if (!connection) throw notFound();
      return connection;
    },
    async requireActive(connectionId) {
      const connection = await registry.require(connectionId);
      if (connection.status === 'active') return connection;
      // It may have been ended by another process: then this one must not keep its token either.
      if (connection.status === 'disconnected')
        providers.get(connection.providerId)?.forget?.(connection.tenant);
      throw new ConnectorError(
        'refused',
        connection.status === 'disconnected'
          ? 'The connection was ended.'
          : 'The connection is not authorised: an administrator of the tenant must sign in and consent.',
      );
    },
    provider(connection) {
      const provider = providers.get(connection.providerId);
      if (provider) return provider;
      throw new ConnectorError(
        'invalid_options',
        `createConnector: providers: the connection needs '${connection.providerId}', which is not configured`,
        { field: 'providers' },
      );
    },
    async change(connectionId, fields) {
      const changed = await connections.update(connectionId, (current) => {
        if (!current) throw notFound();
        const update = fields(current);
        return update && { ...current, ...update };
      });
      if (!changed) throw notFound();
      return changed;
    },
  };
  return registry;
}

/** What the administrator typed is the field that is wrong, whoever found out. */
const resolve = async (provider: Provider, typed: string, options: CallOptions | undefined) => {
  try {
    return await provider.resolveTenant(typed, options);
  } catch (error) {
    if (!ConnectorError.is(error, 'tenant_not_found') || error.field !== undefined) throw error;
    const { code, message, serviceCode, requestId } = error;
    throw new ConnectorError(code, message, { cause: error, field: 'tenant', serviceCode, requestId });
  }
};

// The tenant is part of the id: cursors of one tenant can never be used with another one.
const connectionIdOf = (...parts: readonly string[]) => sha256(JSON.stringify(parts)).slice(0, 32);

const only = (providers: ReadonlyMap<string, Provider>) =>
  providers.size === 1 ? providers.values().next().value : undefined;

const notFound = () =>
  new ConnectorError('not_found', 'There is no connection of this id.', { field: 'connectionId' });
