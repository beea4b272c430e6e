import { PERSONAL_TENANT_ID } from '../directory/personal-tenant.ts';
import type { World } from '../world.ts';
import { aadstsResponse } from './aadsts-error.ts';

const TEMPLATES: ReadonlySet<string> = new Set(['common', 'organizations']);
const HEADERS = { 'cache-control': 'max-age=86400, private' };

/** The OpenID Connect document of a tenant; a domain in the path is answered with the tenant's GUID inside. */
export function openidConfiguration(world: World, segment: string): Response {
  const name = segment.toLowerCase();
  const template = TEMPLATES.has(name);
  const tenant = template ? undefined : world.tenant(segment);
  if (!template && tenant === undefined)
    return aadstsResponse(world, 90002, `Tenant '${segment}' was not found.`, 'invalid_tenant');
  const origin = world.settings.loginOrigin;
  const base = `${origin}/${tenant?.id ?? name}`;
  return Response.json(
    {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: `${origin}/${tenant?.id ?? '{tenantid}'}/v2.0`,
      request_uri_parameter_supported: false,
      userinfo_endpoint: `${world.settings.graphOrigin}/oidc/userinfo`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      http_logout_supported: true,
      frontchannel_logout_supported: true,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      // biome-ignore format: a list
      claims_supported: [
        'sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name', 'cloud_graph_host_name', 'msgraph_host', 'aud', 'exp',
        'iat', 'auth_time', 'acr', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email',
      ],
      tenant_region_scope: 'WW',
      cloud_instance_name: 'microsoftonline.com',
      cloud_graph_host_name: 'graph.windows.net',
      msgraph_host: new URL(world.settings.graphOrigin).host,
      rbac_url: 'https://pas.windows.net',
    },
    { headers: { ...HEADERS, 'x-ms-request-id': world.random.guid() } },
  );
}

/** The public keys; each one names the issuer that it is for. */
export async function keySet(world: World, segment: string): Promise<Response> {
  const template = TEMPLATES.has(segment.toLowerCase());
  const tenant = template ? undefined : world.tenant(segment);
  if (!template && tenant === undefined)
    return aadstsResponse(world, 90002, `Tenant '${segment}' was not found.`, 'invalid_tenant');
  const issuer = `${world.settings.loginOrigin}/${tenant?.id ?? '{tenantid}'}/v2.0`;
  const [keys, personal] = await Promise.all([world.keys.all(), world.keys.personal()]);
  const own = keys.map((key) => ({ ...key.jwk, issuer }));
  const other = {
    ...personal.jwk,
    issuer: `${world.settings.loginOrigin}/${PERSONAL_TENANT_ID}/v2.0`,
  };
  // One set for all issuers, so that a client which looks at `kid` alone can be found out.
  const set = tenant === world.personal ? [other] : [...own, other];
  return Response.json({ keys: set }, { headers: HEADERS });
}

/** Which login hosts belong to one cloud. */
export function instanceDiscovery(world: World): Response {
  const host = new URL(world.settings.loginOrigin).host;
  const microsoft = host === 'login.microsoftonline.com';
  return Response.json(
    {
      tenant_discovery_endpoint: `${world.settings.loginOrigin}/common/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [
        {
          preferred_network: host,
          preferred_cache: microsoft ? 'login.windows.net' : host,
          aliases: microsoft ? [host, 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'] : [host],
        },
      ],
    },
    { headers: HEADERS },
  );
}
