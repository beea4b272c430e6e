import { type AccessToken, type Clock, ConnectorError, type TokenOptions } from '@mailsphere/core';
import { unlessAborted } from '../aborted.ts';
import { retryTransient } from '../transient-retry.ts';
import type { TokenRequest } from './token-request.ts';

export interface TokenQuery extends TokenOptions {
  /** The service refused this token: any other one will do. */
  readonly instead?: string | undefined;
}

/** The tokens of all tenants, in memory only. */
export interface TokenManager {
  /** @throws ConnectorError `credential_invalid`, `reauthorization_required`, `tenant_not_found`, `unavailable` */
  acquire(tenantId: string, query?: TokenQuery): Promise<AccessToken>;
}

interface HeldToken extends AccessToken {
  /** From here on a new one is fetched beside it. */
  readonly refreshAt: number;
  /** From here on it is not handed out. */
  readonly usableUntil: number;
}

interface TenantTokens {
  held?: HeldToken;
  flight?: Promise<AccessToken>;
  /** A flight whose token is certainly newer than the call that asked for it. */
  freshFlight?: Promise<AccessToken>;
  /** The service asked to be left alone, or failed just now. */
  pause?: { readonly until: number; readonly error: ConnectorError };
}

const MOST_TENANTS = 10_000;
const SAFETY_MARGIN = 300_000;
const PAUSE_AFTER_FAILURE = 15_000;
const MAX_WAIT = 60_000;

/**
 * One request in flight per tenant, renewed in the last third of a token's life at a time that differs from tenant to
 * tenant; the old token is served as long as it is valid.
 */
export function createTokenManager(options: {
  readonly request: TokenRequest;
  readonly clock: Clock;
  readonly random: () => number;
}): TokenManager {
  const { request, clock, random } = options;
  const tenants = new Map<string, TenantTokens>();

  const stateOf = (tenantId: string): TenantTokens => {
    const state = tenants.get(tenantId) ?? {};
    tenants.delete(tenantId);
    tenants.set(tenantId, state);
    if (tenants.size > MOST_TENANTS) {
      const [oldest] = tenants.keys();
      if (oldest !== undefined) tenants.delete(oldest);
    }
    return state;
  };

  const fetch = async (tenantId: string, state: TenantTokens): Promise<AccessToken> => {
    try {
      const issued = await retryTransient(() => request(tenantId), { clock, random, maxWait: MAX_WAIT });
      const now = clock.now();
      const expiresAt = now + issued.lifetime;
      state.held = {
        token: issued.token,
        expiresAt,
        refreshAt: now + issued.lifetime * (0.65 + random() * 0.15),
        usableUntil: expiresAt - Math.min(SAFETY_MARGIN, issued.lifetime * 0.1),
      };
      delete state.pause;
      return state.held;
    } catch (error) {
      if (ConnectorError.is(error, 'unavailable'))
        state.pause = {
          until: error.retryAt ?? clock.now() + PAUSE_AFTER_FAILURE * (0.5 + random() * 0.5),
          error,
        };
      throw error;
    }
  };

  const fly = (
    tenantId: string,
    state: TenantTokens,
    kind: 'flight' | 'freshFlight',
  ): Promise<AccessToken> => {
    const current = state[kind];
    if (current) return current;
    const { pause } = state;
    if (pause && pause.until > clock.now()) return Promise.reject(pause.error);
    const flight = fetch(tenantId, state).finally(() => {
      if (state[kind] === flight) delete state[kind];
    });
    state[kind] = flight;
    return flight;
  };

  return {
    async acquire(tenantId, { signal, fresh = false, instead } = {}) {
      const state = stateOf(tenantId);
      if (fresh) return plain(await unlessAborted(fly(tenantId, state, 'freshFlight'), signal));
      const { held } = state;
      const now = clock.now();
      if (held && held.token !== instead && now < held.usableUntil) {
        // A failure here is no news while the token at hand works; the pause keeps it from being tried too often.
        if (now >= held.refreshAt) fly(tenantId, state, 'flight').catch(() => undefined);
        return plain(held);
      }
      return plain(await unlessAborted(fly(tenantId, state, 'flight'), signal));
    },
  };
}

const plain = ({ token, expiresAt }: AccessToken): AccessToken => ({ token, expiresAt });
