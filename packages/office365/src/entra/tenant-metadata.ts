import { ConnectorError } from '@mailsphere/core';
import { z } from 'zod';
import type { Cloud } from '../cloud.ts';
import { loginError } from './login-answer.ts';
import type { LoginClient } from './login-client.ts';
import { isGuid, personalAccounts } from './tenant-id.ts';

/** What the sign-in service publishes about a tenant. */
export interface TenantMetadata {
  readonly tenantId: string;
  readonly issuer: string;
}

const documentSchema = z.object({ issuer: z.url() });

/**
 * Reads the tenant's OpenID configuration, which also turns a domain into the tenant's id.
 *
 * @param tenant A GUID or a checked domain name.
 * @throws ConnectorError `tenant_not_found`, `unavailable`, or `invalid_request` when it is the tenant of personal accounts
 */
export async function readTenantMetadata(
  login: LoginClient,
  cloud: Cloud,
  tenant: string,
  signal: AbortSignal | undefined,
): Promise<TenantMetadata> {
  const url = new URL(`/${tenant}/v2.0/.well-known/openid-configuration`, cloud.login);
  const answer = await login.send({ url, signal });
  if (answer.status !== 200) throw loginError(answer, 'name');
  const { data } = documentSchema.safeParse(answer.json);
  const [, tenantId = '', version, ...rest] = data ? new URL(data.issuer).pathname.split('/') : [];
  if (
    !data ||
    version !== 'v2.0' ||
    rest.length > 0 ||
    !isGuid(tenantId) ||
    (isGuid(tenant) && tenant !== tenantId)
  )
    throw new ConnectorError(
      'unexpected',
      'The sign-in service described another tenant than the one asked for: look for a proxy on the way.',
      {
        requestId: answer.requestId,
      },
    );
  if (tenantId === personalAccounts)
    throw new ConnectorError(
      'invalid_request',
      "This domain belongs to personal Microsoft accounts: give a domain of the organization, such as contoso.com, or the tenant's id.",
      { field: 'tenant' },
    );
  return { tenantId, issuer: data.issuer };
}
