import { ConnectorError, type Provider, systemClock } from '@mailsphere/core';
import { parseOptions } from '@mailsphere/core/internal';
import { limitsOf } from './call-limits.ts';
import { createDirectorySource } from './directory/directory-source.ts';
import { createMailboxKinds } from './directory/mailbox-kinds.ts';
import { clientAuthentication } from './entra/client-authentication.ts';
import { credentialEnd } from './entra/client-credential.ts';
import { createLoginClient } from './entra/login-client.ts';
import { createSignIn } from './entra/sign-in.ts';
import { tenantIdOf } from './entra/tenant-id.ts';
import { parseTenantInput } from './entra/tenant-input.ts';
import { readTenantMetadata } from './entra/tenant-metadata.ts';
import { createTokenManager } from './entra/token-manager.ts';
import { createTokenRequest } from './entra/token-request.ts';
import { createTokenWatchers } from './entra/token-watchers.ts';
import { createGrantRight } from './grant-right.ts';
import { createGraphClient } from './graph/graph-client.ts';
import { createLimiter } from './limiter/limiter.ts';
import { createMailSource } from './mail/mail-source.ts';
import { type Office365Options, optionsSchema } from './options.ts';
import { permissionsFor } from './permissions.ts';
import { retryTransient } from './transient-retry.ts';
import type { Transport } from './transport/transport.ts';
import { undiciTransport } from './transport/undici-transport.ts';
import { createVerification } from './verification.ts';

/**
 * The Microsoft 365 provider.
 *
 * @throws ConnectorError `invalid_options` that names the wrong field
 * @example
 * const provider = office365({ clientId, credential: { certificate: { privateKey, certificate } } });
 * const tenant = await provider.resolveTenant('contoso.com');
 */
export function office365(options: Office365Options): Provider {
  const parsed = parseOptions('office365', optionsSchema, options);
  const { clientId, cloud, limiterStore, clock = systemClock, random = Math.random } = parsed;
  const transport: Transport = parsed.transport ?? undiciTransport();

  const login = createLoginClient({ cloud, transport, clock });
  const authenticate = clientAuthentication(clientId, parsed.credential, clock);
  const watchers = createTokenWatchers();
  const tokens = createTokenManager({
    watchers,
    request: createTokenRequest({ clientId, cloud, login, authenticate }),
    clock,
    random,
  });
  const limiter = createLimiter({
    clock,
    random,
    kept: limiterStore && { store: limiterStore, clientId },
  });
  const graph = createGraphClient({ cloud, tokens, limiter, transport, clock, random });
  const permissions = permissionsFor(parsed);
  const verify = createVerification({ clientId, permissions, graph, tokens, clock, random });

  return {
    id: 'office365',
    permissions,
    credentialExpiresAt: credentialEnd(parsed.credential),
    async resolveTenant(input, callOptions) {
      if (typeof input !== 'string')
        throw new ConnectorError('invalid_request', 'The tenant must be text.', { field: 'tenant' });
      const domain = parseTenantInput(input, cloud.initialDomain);
      const limits = limitsOf(callOptions);
      const { tenantId } = await retryTransient(
        () => readTenantMetadata(login, cloud, domain, limits.signal),
        { ...limits, clock, random },
      );
      return { tenantId, domain };
    },
    authorization: {
      ...createSignIn({ clientId, cloud, login, authenticate, clock }),
      mayGrant: createGrantRight(graph),
    },
    acquireToken: async (tenant, callOptions) => tokens.acquire(tenantIdOf(tenant), callOptions),
    verify: async (tenant, verifyOptions) => verify(tenantIdOf(tenant), verifyOptions),
    directory: createDirectorySource(
      graph,
      parsed.mailboxKinds ? createMailboxKinds({ graph, tokens }) : undefined,
    ),
    mail: createMailSource(graph),
    watchTokens: (watcher) => watchers.add(watcher),
    forget: (tenant) => tokens.forget(tenantIdOf(tenant)),
    async close() {
      await limiter.close();
      // A transport that was passed in may serve others too.
      if (!parsed.transport) await transport.close?.();
    },
  };
}
