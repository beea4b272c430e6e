import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { createRecords, recordId, type Versioned } from './records.ts';
import { sha256 } from './sha256.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** Which connection has a tenant, and which one an organization has: each at most one, whoever is first. */
export interface Bindings {
  /** @throws ConnectorError `tenant_already_bound`; it does not say to whom */
  bindTenant(connection: Connection): Promise<void>;
  /** What frees the tenant, if it is this connection's at this moment, and nobody binds it anew until then. */
  releaseOf(connection: Connection): Promise<() => Promise<void>>;
  /** The id of the connection that has the tenant. */
  ownerOf(providerId: string, tenantId: string): Promise<string | undefined>;
  /**
   * Points the organization to this connection. A tenant that nobody authorised yet gives way to the next one.
   * @throws ConnectorError `refused` when the organization is connected to another tenant
   */
  claimOrganization(organization: OrganizationRef, connectionId: string): Promise<void>;
  /** Whether the organization points to this connection, and the tenant is bound to it. */
  holds(connection: Connection): Promise<boolean>;
  /** The id of the connection that an organization points to. */
  connectionOf(organization: OrganizationRef): Promise<string | undefined>;
}

interface OrganizationPointer {
  readonly connectionId: string;
  /** The connection that gave way: it may have been authorised at that very moment, and then it stays. */
  readonly before?: string | undefined;
}

type OrganizationRef = Pick<Connection, 'providerId' | 'organizationId'>;

export function createBindings(storage: StorageAdapter): Bindings {
  const connections = createRecords<Connection>(storage, 'connections');
  const tenants = createRecords<{ readonly connectionId: string }>(storage, 'bindings');
  const organizations = createRecords<OrganizationPointer>(storage, 'organizations');
  const tenantKey = ({ providerId, tenant }: Connection) => recordId(providerId, tenant.tenantId);
  const organizationKey = ({ providerId, organizationId }: OrganizationRef) =>
    recordId(providerId, sha256(organizationId));

  const bound = async (connectionId: string): Promise<boolean> => {
    const status = (await connections.get(connectionId))?.value.status;
    return status === 'active' || status === 'reauthorization_required';
  };

  /** Removes the connection that gave way, or gives the organization back to it if somebody authorised it meanwhile. */
  const settle = async ({ id, value, version }: Versioned<OrganizationPointer>): Promise<void> => {
    const { before } = value;
    if (before === undefined) return;
    for (;;) {
      if (await bound(before)) {
        // Only if nobody claimed the organization since.
        await organizations.put(id, { connectionId: before }, version);
        throw otherTenant('the organization was connected to another tenant at this moment.');
      }
      const stored = await connections.get(before);
      if (stored?.value.status !== 'registered') return;
      if (await connections.delete(before, stored.version)) return;
    }
  };

  return {
    async bindTenant(connection) {
      const id = tenantKey(connection);
      for (;;) {
        const binding = await tenants.get(id);
        const isOurs = binding?.value.connectionId === connection.id;
        const owner = binding && (await connections.get(binding.value.connectionId))?.value;
        // What an ended connection left behind binds nobody.
        if (owner && !isOurs && owner.status !== 'disconnected') {
          throw new ConnectorError(
            'tenant_already_bound',
            'This tenant is already connected to another organization. Disconnect it there first.',
          );
        }
        try {
          // Whoever stores the binding first has the tenant.
          await tenants.put(id, { connectionId: connection.id }, binding?.version ?? null);
          return;
        } catch (error) {
          if (!ConnectorError.is(error, 'conflict')) throw error;
        }
      }
    },
    async releaseOf(connection) {
      const binding = await tenants.get(tenantKey(connection));
      return async () => {
        if (binding?.value.connectionId === connection.id) await tenants.delete(binding.id, binding.version);
      };
    },
    async ownerOf(providerId, tenantId) {
      return (await tenants.get(recordId(providerId, tenantId)))?.value.connectionId;
    },
    async claimOrganization(organization, connectionId) {
      const id = organizationKey(organization);
      const pointer = await organizations.get(id);
      const before = pointer?.value.connectionId;
      if (pointer && before === connectionId) return settle(pointer);
      if (before !== undefined && (await bound(before)))
        throw otherTenant('the organization is connected to another tenant: disconnect that one first.');
      const claim = before === undefined ? { connectionId } : { connectionId, before };
      await settle({
        id,
        value: claim,
        version: await organizations.put(id, claim, pointer?.version ?? null),
      });
    },
    async holds(connection) {
      const pointer = await organizations.get(organizationKey(connection));
      const binding = await tenants.get(tenantKey(connection));
      if (pointer?.value.connectionId !== connection.id || binding?.value.connectionId !== connection.id)
        return false;
      const { before } = pointer.value;
      return before === undefined || !(await bound(before));
    },
    connectionOf: async (organization) =>
      (await organizations.get(organizationKey(organization)))?.value.connectionId,
  };
}

const otherTenant = (why: string) => new ConnectorError('refused', `tenant: ${why}`, { field: 'tenant' });
