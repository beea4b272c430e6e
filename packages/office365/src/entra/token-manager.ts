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
  /**
   * A `fresh` token was asked for after this call began, whatever else is under way.
   * @throws ConnectorError `credential_invalid`, `reauthorization_required`, `tenant_not_found`, `unavailable`
   */
  acquire(tenantId: string, query?: TokenQuery): Promise<AccessToken>;
  /** Drops the tenant's token. What is under way still reaches those who wait for it, and is not kept. */
  forget(tenantId: string): void;
}

interface HeldToken extends AccessToken {
  /** From here on a new one is fetched beside it. */
  readonly refreshAt: number;
  /** From here on it is not handed out. */
  readonly usableUntil: number;
}

interface TenantTokens {
  held?: HeldToken;
  /** The order of the flight that brought what is held: one that began before it has nothing newer to say. */
  heldOrder: number;
  /** For callers that any token will do for. */
  flight?: Promise<AccessToken>;
  /** For callers that were there before it began. */
  freshFlight?: Promise<AccessToken>;
  /** Begins when `freshFlight` has ended, for callers that came while it was under way. */
  nextFreshFlight?: Promise<AccessToken>;
  /** The service asked to be left alone, or failed just now. */
  pause?: { readonly until: number; readonly error: ConnectorError };
}

const MOST_TENANTS = 10_000;
const SAFETY_MARGIN = 300_000;
const PAUSE_AFTER_FAILURE = 15_000;
const MAX_WAIT = 60_000;

/**
 * At most two requests are in flight per tenant: one for whoever needs a token, and one for those who need a fresh one.
 * A token is renewed in the last third of its life at a time that differs from tenant to tenant; the old one is served as
 * long as it is valid. Of two tokens the one is kept that was asked for later, whichever comes first.
 */
export function createTokenManager(options: {
  readonly request: TokenRequest;
  readonly clock: Clock;
  readonly random: () => number;
}): TokenManager {
  const { request, clock, random } = options;
  const tenants = new Map<string, TenantTokens>();
  let flights = 0;

  const stateOf = (tenantId: string): TenantTokens => {
    const state = tenants.get(tenantId) ?? { heldOrder: 0 };
    tenants.delete(tenantId);
    tenants.set(tenantId, state);
    if (tenants.size > MOST_TENANTS) {
      const [oldest] = tenants.keys();
      if (oldest !== undefined) tenants.delete(oldest);
    }
    return state;
  };

  // Writes to the state that it began with: of a tenant that was forgotten meanwhile nobody reads that any more.
  const fetch = async (tenantId: string, state: TenantTokens): Promise<AccessToken> => {
    const order = ++flights;
    try {
      const issued = await retryTransient(() => request(tenantId), { clock, random, maxWait: MAX_WAIT });
      const now = clock.now();
      const expiresAt = now + issued.lifetime;
      const held: HeldToken = {
        token: issued.token,
        expiresAt,
        refreshAt: now + issued.lifetime * (0.65 + random() * 0.15),
        usableUntil: expiresAt - Math.min(SAFETY_MARGIN, issued.lifetime * 0.1),
      };
      if (order > state.heldOrder) {
        state.held = held;
        state.heldOrder = order;
        delete state.pause;
      }
      return held;
    } catch (error) {
      if (ConnectorError.is(error, 'unavailable') && order > state.heldOrder)
        state.pause = {
          until: error.retryAt ?? clock.now() + PAUSE_AFTER_FAILURE * (0.5 + random() * 0.5),
          error,
        };
      throw error;
    }
  };

  const begin = (tenantId: string, state: TenantTokens): Promise<AccessToken> => {
    const { pause } = state;
    return pause && pause.until > clock.now() ? Promise.reject(pause.error) : fetch(tenantId, state);
  };

  const fly = (tenantId: string, state: TenantTokens): Promise<AccessToken> => {
    const current = state.flight ?? state.freshFlight;
    if (current) return current;
    const flight = begin(tenantId, state).finally(() => {
      delete state.flight;
    });
    state.flight = flight;
    return flight;
  };

  const flyFresh = (tenantId: string, state: TenantTokens): Promise<AccessToken> => {
    if (state.nextFreshFlight) return state.nextFreshFlight;
    const current = state.freshFlight;
    if (current) {
      // Its token may have been made before what this caller wants to see in it.
      const next = current
        .then(
          () => undefined,
          () => undefined,
        )
        .then(() => {
          delete state.nextFreshFlight;
          return flyFresh(tenantId, state);
        });
      state.nextFreshFlight = next;
      return next;
    }
    const flight = begin(tenantId, state).finally(() => {
      delete state.freshFlight;
    });
    state.freshFlight = flight;
    return flight;
  };

  return {
    async acquire(tenantId, { signal, fresh = false, instead } = {}) {
      const state = stateOf(tenantId);
      if (fresh) return plain(await unlessAborted(flyFresh(tenantId, state), signal));
      const { held } = state;
      const now = clock.now();
      if (held && held.token !== instead && now < held.usableUntil) {
        // A failure here is no news while the token at hand works; the pause keeps it from being tried too often.
        if (now >= held.refreshAt) fly(tenantId, state).catch(() => undefined);
        return plain(held);
      }
      return plain(await unlessAborted(fly(tenantId, state), signal));
    },
    forget(tenantId) {
      tenants.delete(tenantId);
    },
  };
}

const plain = ({ token, expiresAt }: AccessToken): AccessToken => ({ token, expiresAt });
