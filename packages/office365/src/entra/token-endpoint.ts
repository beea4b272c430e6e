import type { Cloud } from '../cloud.ts';

/** Where a tenant's tokens are asked for. */
export const tokenEndpoint = (cloud: Cloud, tenantId: string): string =>
  `${cloud.login}/${tenantId}/oauth2/v2.0/token`;
