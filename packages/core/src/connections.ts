import { z } from 'zod';
import type { CallOptions } from './call-options.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import { parseRequest } from './options.ts';
import type { Grant, Provider } from './provider.ts';
import { createRecords, recordId } from './records.ts';
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

export interface Connections {
  /**
   * Records the tenant of an organization. Again with the same tenant, it changes nothing; with another one, it replaces a tenant
   * that nobody authorised yet.
   * @throws ConnectorError `invalid_request`, `tenant_not_found`, and `refused` when another tenant is already authorised
   */
  register(request: RegisterRequest, options?: CallOptions): Promise<Connection>;
  get(connectionId: string): Promise<Connection | undefined>;
  list(filter?: { readonly partnerId?: string; readonly organizationId?: string }): AsyncIterable<Connection>;
  /**
   * Ends the connection: running work stops, here at once and in other processes within seconds; tokens are forgotten; the tenant
   * becomes free. What was synchronised stays where it is; with `erase`, what the connector itself knows of it (how far it
   * got, and the failures) is removed, so that connecting again begins anew.
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
  /** @throws ConnectorError `tenant_already_bound` */
  activate(connectionId: string, grant: Grant): Promise<Connection>;
  /** The service refused as if consent were gone. Believed only when it still does so minutes later. */
  reportRefusal(connectionId: string): Promise<void>;
  /** The service answered: an earlier refusal was a passing one. */
  reportSuccess(connection: Connection): Promise<void>;
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

// Errors right after a consent pass within a minute, and directories replicate within minutes.
const REFUSAL_PATIENCE = 3 * 60_000;
const REFUSAL_LIFE = 3600_000;

export function createConnections(context: {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly storage: StorageAdapter;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Stops what runs for the connection in this process. Resolves when it has ended. */
  readonly stopWork: (connectionId: string) => Promise<void>;
  readonly eraseWork: (connectionId: string) => Promise<void>;
}): ConnectionRegistry {
  const { providers, storage, clock, emit } = context;
  const connections = createRecords<Connection>(storage, 'connections');
  const bindings = createRecords<{ readonly connectionId: string }>(storage, 'bindings');
  const organizations = createRecords<{ readonly connectionId: string }>(storage, 'organizations');
  const now = () => new Date(clock.now()).toISOString();
  const bindingId = (connection: Connection) => recordId(connection.providerId, connection.tenant.tenantId);

  const change = async (
    connectionId: string,
    fields: (current: Connection) => Partial<Connection> | undefined,
  ) => {
    const changed = await connections.update(connectionId, (current) => {
      if (!current) throw notFound();
      const update = fields(current);
      return update && { ...current, ...update };
    });
    if (!changed) throw notFound();
    return changed;
  };

  const organizationKey = ({
    providerId,
    organizationId,
  }: Pick<Connection, 'providerId' | 'organizationId'>) => recordId(providerId, sha256(organizationId));
  const bind = async (connection: Connection) => {
    const id = bindingId(connection);
    for (;;) {
      const binding = await bindings.get(id);
      const isOurs = binding?.value.connectionId === connection.id;
      const owner = binding && (await registry.get(binding.value.connectionId));
      // What an ended connection left behind binds nobody.
      if (owner && !isOurs && owner.status !== 'disconnected') {
        throw new ConnectorError(
          'tenant_already_bound',
          'This tenant is already connected to another organization. Disconnect it there first.',
        );
      }
      try {
        // Whoever stores the binding first has the tenant.
        await bindings.put(id, { connectionId: connection.id }, binding?.version ?? null);
        return;
      } catch (error) {
        if (!ConnectorError.is(error, 'conflict')) throw error;
      }
    }
  };
  const unbind = async (connection: Connection) => {
    const binding = await bindings.get(bindingId(connection));
    if (binding?.value.connectionId === connection.id) await bindings.delete(binding.id, binding.version);
  };

  // An organization points to one connection. A tenant that nobody authorised yet gives way to the next one.
  const claimOrganization = async (organization: string, connectionId: string) => {
    const pointer = await organizations.get(organization);
    if (pointer?.value.connectionId === connectionId) return;
    const stored = pointer && (await connections.get(pointer.value.connectionId));
    const before = stored?.value;
    if (before && (before.status === 'active' || before.status === 'reauthorization_required')) {
      throw new ConnectorError(
        'refused',
        'tenant: the organization is connected to another tenant: disconnect that one first.',
        { field: 'tenant' },
      );
    }
    await organizations.put(organization, { connectionId }, pointer?.version ?? null);
    // Only as it was read: somebody may be authorising it at this moment.
    if (before?.status !== 'registered' || (await connections.delete(before.id, stored?.version))) return;
    if ((await registry.get(before.id))?.status !== 'active') return;
    await organizations.put(organization, { connectionId: before.id });
    throw new ConnectorError(
      'refused',
      'tenant: the organization was connected to another tenant at this moment.',
      {
        field: 'tenant',
      },
    );
  };

  const registry: ConnectionRegistry = {
    async register(request, options) {
      const {
        organizationId,
        tenant: typed,
        provider: providerId,
        ...rest
      } = parseRequest(registerSchema, request);
      const provider = providerId === undefined ? only(providers) : providers.get(providerId);
      if (!provider) {
        throw new ConnectorError(
          'invalid_request',
          `provider: must be one of ${[...providers.keys()].join(', ')}`,
          { field: 'provider' },
        );
      }
      const tenant = await provider.resolveTenant(typed, options);
      const id = connectionIdOf(provider.id, organizationId, tenant.tenantId);
      await claimOrganization(organizationKey({ providerId: provider.id, organizationId }), id);
      const stored = await connections.update(id, (current) => {
        if (current && current.status !== 'disconnected') return undefined;
        return {
          id,
          organizationId,
          organizationName: rest.organizationName ?? organizationId,
          ...(rest.partnerId === undefined ? {} : { partnerId: rest.partnerId }),
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
    async disconnect(connectionId, { erase = false } = {}) {
      const before = await registry.require(connectionId);
      const binding = await bindings.get(bindingId(before));
      const connection = await change(connectionId, () => ({
        status: 'disconnected',
        granted: [],
        refusedSince: undefined,
      }));
      const stopped = context.stopWork(connectionId);
      providers.get(connection.providerId)?.forget?.(connection.tenant);
      // As it was before the status: a later activation has bound anew. One that stays behind binds nobody.
      if (binding?.value.connectionId === connectionId) await bindings.delete(binding.id, binding.version);
      if (erase) {
        // What still runs would write again what is erased.
        await stopped;
        await context.eraseWork(connectionId);
      }
      emit('connection.disconnected', { connection });
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
    async activate(connectionId, grant) {
      const connection = await registry.require(connectionId);
      await bind(connection);
      const organization = await organizations.get(organizationKey(connection));
      const isReplaced = organization?.value.connectionId !== connectionId;
      const activated = await change(connectionId, (current) => {
        if (isReplaced || current.status === 'disconnected') return undefined;
        return {
          status: 'active',
          tenantName: grant.displayName,
          granted: grant.granted,
          activeSince: current.activeSince ?? now(),
          refusedSince: undefined,
        };
      });
      // Somebody ended the connection, or took another tenant, while the administrator was at it.
      if (activated.status !== 'active') {
        await unbind(connection);
        throw new ConnectorError('refused', 'The connection was ended meanwhile: register the tenant again.');
      }
      emit('connection.activated', { connection: activated });
      return activated;
    },
    async reportRefusal(connectionId) {
      let lost = false;
      const connection = await change(connectionId, (current) => {
        lost = false;
        if (current.status !== 'active') return undefined;
        const age = clock.now() - Date.parse(current.refusedSince ?? now());
        // Two refusals that are hours apart, with nothing asked between them, are one and one.
        if (current.refusedSince === undefined || age > REFUSAL_LIFE) return { refusedSince: now() };
        lost = age >= REFUSAL_PATIENCE;
        return lost ? { status: 'reauthorization_required' } : undefined;
      });
      if (lost) emit('connection.reauthorization_required', { connection });
    },
    async reportSuccess(connection) {
      if (connection.refusedSince === undefined) return;
      await change(connection.id, (current) =>
        current.status === 'active' ? { refusedSince: undefined } : undefined,
      );
    },
  };
  return registry;
}

// The tenant is part of the id: cursors of one tenant can never be used with another one.
const connectionIdOf = (...parts: readonly string[]) => sha256(JSON.stringify(parts)).slice(0, 32);

const only = (providers: ReadonlyMap<string, Provider>) =>
  providers.size === 1 ? providers.values().next().value : undefined;

const notFound = () =>
  new ConnectorError('not_found', 'There is no connection of this id.', { field: 'connectionId' });
