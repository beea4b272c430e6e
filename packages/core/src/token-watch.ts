import type { Bindings } from './bindings.ts';
import type { Clock } from './clock.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import type { Hooks, TokenContext } from './hooks.ts';
import type { Logger } from './logger.ts';
import type { Provider } from './provider.ts';
import type { TenantRef } from './tenant.ts';
import { HOOK_LIMIT, timeLimit } from './time-limit.ts';

/** Passes each renewal of a token on to the host's hooks and listeners. Returns what ends it. */
export function watchTokens(context: {
  readonly providers: readonly Provider[];
  readonly connections: ConnectionRegistry;
  readonly bindings: Bindings;
  readonly hooks: Hooks;
  readonly emit: Emit;
  readonly clock: Clock;
  readonly logger: Logger;
}): () => void {
  const { providers, connections, bindings, hooks, emit, clock, logger } = context;

  const contextOf = async (providerId: string, { tenantId }: TenantRef): Promise<TokenContext> => {
    const id = await bindings.ownerOf(providerId, tenantId);
    const owner = id === undefined ? undefined : await connections.get(id);
    return { providerId, tenantId, connection: owner?.status === 'disconnected' ? undefined : owner };
  };
  const name = (error: unknown) => (error instanceof Error ? error.name : 'unknown');

  const ends = providers.map((provider) =>
    provider.watchTokens?.({
      async before(tenant) {
        if (!hooks.beforeTokenRefresh) return;
        const about = await contextOf(provider.id, tenant);
        try {
          await timeLimit(() => hooks.beforeTokenRefresh?.(about), HOOK_LIMIT, clock);
        } catch (cause) {
          // Whatever a hook throws, it does not speak for the service.
          throw new ConnectorError('refused', 'The host does not let a token of this tenant be renewed.', {
            cause,
          });
        }
      },
      async after(tenant, outcome) {
        try {
          const about = await contextOf(provider.id, tenant);
          const { providerId, tenantId } = about;
          const connectionId = about.connection?.id;
          if ('error' in outcome) {
            emit('token.refresh_failed', { providerId, tenantId, connectionId, error: outcome.error });
            return;
          }
          const { expiresAt } = outcome;
          emit('token.refreshed', { providerId, tenantId, connectionId, expiresAt });
          await timeLimit(() => hooks.afterTokenRefresh?.({ ...about, expiresAt }), HOOK_LIMIT, clock);
        } catch (error) {
          logger.error({ error: name(error) }, 'The hook afterTokenRefresh threw, or did not end.');
        }
      },
    }),
  );
  return () => {
    for (const end of ends) end?.();
  };
}
