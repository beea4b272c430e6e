import { ConnectorError, type TenantRef } from '@mailsphere/core';

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The tenant of every personal Microsoft account. */
export const personalAccounts = '9188040d-6c67-4c5b-b112-36a304b66dad';

export const isGuid = (text: string): boolean => GUID.test(text);

/** The tenant's id in lower case; it becomes part of URLs and keys, so nothing but a GUID passes. */
export function tenantIdOf({ tenantId }: TenantRef): string {
  const id = typeof tenantId === 'string' ? tenantId.toLowerCase() : '';
  if (!isGuid(id) || id === personalAccounts)
    throw new ConnectorError(
      'invalid_request',
      'tenantId must be the GUID of a tenant, as resolveTenant gives it.',
      {
        field: 'tenantId',
      },
    );
  return id;
}
