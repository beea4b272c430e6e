import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { createRecords, recordId } from './records.ts';
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
  /** Whether the organization points to another connection by now. */
  isReplaced(connection: Connection): Promise<boolean>;
}

type OrganizationRef = Pick<Connection, 'providerId' | 'organizationId'>;

export function createBindings(storage: StorageAdapter): Bindings {
  const connections = createRecords<Connection>(storage, 'connections');
  const tenants = createRecords<{ readonly connectionId: string }>(storage, 'bindings');
  const organizations = createRecords<{ readonly connectionId: string }>(storage, 'organizations');
  const tenantKey = ({ providerId, tenant }: Connection) => recordId(providerId, tenant.tenantId);
  const organizationKey = ({ providerId, organizationId }: OrganizationRef) =>
    recordId(providerId, sha256(organizationId));

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
      if (pointer?.value.connectionId === connectionId) return;
      const stored = pointer && (await connections.get(pointer.value.connectionId));
      const before = stored?.value;
      if (before && (before.status === 'active' || before.status === 'reauthorization_required'))
        throw otherTenant('the organization is connected to another tenant: disconnect that one first.');
      await organizations.put(id, { connectionId }, pointer?.version ?? null);
      // Only as it was read: somebody may be authorising it at this moment.
      if (before?.status !== 'registered' || (await connections.delete(before.id, stored?.version))) return;
      if ((await connections.get(before.id))?.value.status !== 'active') return;
      await organizations.put(id, { connectionId: before.id });
      throw otherTenant('the organization was connected to another tenant at this moment.');
    },
    async isReplaced(connection) {
      const pointer = await organizations.get(organizationKey(connection));
      return pointer?.value.connectionId !== connection.id;
    },
  };
}

const otherTenant = (why: string) => new ConnectorError('refused', `tenant: ${why}`, { field: 'tenant' });
