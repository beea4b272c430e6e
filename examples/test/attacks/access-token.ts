/** The tenant that an access token names, not verified. */
export function tenantOf(token: string): unknown {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  return typeof claims === 'object' && claims !== null && 'tid' in claims ? claims.tid : undefined;
}
