import { type AccessToken, type Clock, ConnectorError, type TokenOptions } from '@mailsphere/core';
import { unlessLate } from '../aborted.ts';
import { limitsOf } from '../call-limits.ts';
import { retryTransient } from '../transient-retry.ts';
import type { TokenRequest } from './token-request.ts';
import type { TokenWatchers } from './token-watchers.ts';

export interface TokenQuery extends TokenOptions {
  /** The service refused this token: unless it is kept, it is never handed out again, and any other one will do. */
  readonly instead?: string | undefined;
  /** What the service wants the other one to carry, as the JSON of a claims request. */
  readonly claims?: string | undefined;
}

/** The tokens of all tenants, in memory only. */
export interface TokenManager {
  /**
   * A `fresh` token was asked for after this call began, whatever else is under way. `maxWait` ends the caller's wait with
   * `unavailable`; the request goes on.
   * @throws ConnectorError `credential_invalid`, `reauthorization_required`, `tenant_not_found`, `unavailable`, and what
   * a watcher refuses with
   */
  acquire(tenantId: string, query?: TokenQuery): Promise<AccessToken>;
  /**
   * The service challenged this token too, which has the claims that it asked for: it is never handed out again. For a
   * moment no other one is asked for, and whoever needs one is told this error.
   */
  discard(tenantId: string, token: string, error: ConnectorError): void;
  /**
   * The service refused this token too, which replaced another, and did not say why: another one would be no better. For a
   * moment it is handed out even to those who were refused with it; it may be one mailbox only that refuses it.
   */
  keep(tenantId: string, token: string): void;
  /** Drops the tenant's token. What is under way still reaches those who wait for it, and is not kept. */
  forget(tenantId: string): void;
}

interface HeldToken extends AccessToken {
  /** From here on a new one is fetched beside it. */
  refreshAt: number;
  /** From here on it is not handed out. */
  readonly usableUntil: number;
  /** Whether it was asked for with the claims of a challenge. */
  readonly challenged: boolean;
}

interface Flight {
  /** Settles once the token is in use or will not come, before anybody is told. Never rejects. */
  readonly landed: Promise<unknown>;
  readonly token: Promise<HeldToken>;
}

type Outcome =
  | { readonly held: HeldToken; readonly error?: undefined }
  | { readonly held?: undefined; readonly error: ConnectorError };

interface TenantTokens {
  held?: HeldToken;
  /** The order of the flight that brought what is held: one that began before it has nothing newer to say. */
  heldOrder: number;
  /** Not replaced until then, although it was refused. */
  kept?: { readonly token: string; readonly until: number };
  /** For callers that any token will do for. */
  flight?: Flight;
  /** For callers that were there before it began. */
  freshFlight?: Flight;
  /** Begins when `freshFlight` has landed, for callers that came while it was under way. */
  nextFreshFlight?: Promise<HeldToken>;
  /** For callers whose token was challenged. */
  challengeFlight?: Flight;
  /** The service asked to be left alone, or failed just now. */
  pause?: { readonly until: number; readonly error: ConnectorError };
}

type Slot = 'flight' | 'freshFlight' | 'challengeFlight';

const MOST_TENANTS = 10_000;
const SAFETY_MARGIN = 300_000;
const PAUSE_AFTER_FAILURE = 15_000;
const MAX_WAIT = 60_000;

/**
 * At most one request is in flight per tenant for whoever needs a token, one for those who need a fresh one, and one for
 * those whose token was challenged. A token is renewed in the last third of its life at a time that differs from tenant to
 * tenant; the old one is served as long as it is valid. Of two tokens the one is kept that was asked for later, whichever
 * comes first.
 */
export function createTokenManager(options: {
  readonly request: TokenRequest;
  readonly watchers: TokenWatchers;
  readonly clock: Clock;
  readonly random: () => number;
}): TokenManager {
  const { request, watchers, clock, random } = options;
  const tenants = new Map<string, TenantTokens>();
  let requests = 0;

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

  const soon = () => clock.now() + PAUSE_AFTER_FAILURE * (0.5 + random() * 0.5);

  // Writes to the state that it began with: of a tenant that was forgotten meanwhile nobody reads that any more.
  const ask = async (tenantId: string, state: TenantTokens, claims: string | undefined): Promise<Outcome> => {
    // A refusal of the host says nothing of the service: no pause follows, and nobody is told of an outcome.
    await watchers.before(tenantId);
    const order = ++requests;
    try {
      const issued = await retryTransient(() => request(tenantId, claims), {
        clock,
        random,
        maxWait: MAX_WAIT,
      });
      const now = clock.now();
      const expiresAt = now + issued.lifetime;
      const held: HeldToken = {
        token: issued.token,
        expiresAt,
        refreshAt: now + issued.lifetime * (0.65 + random() * 0.15),
        usableUntil: expiresAt - Math.min(SAFETY_MARGIN, issued.lifetime * 0.1),
        challenged: claims !== undefined,
      };
      if (order > state.heldOrder) {
        state.held = held;
        state.heldOrder = order;
        delete state.pause;
      }
      return { held };
    } catch (cause) {
      const error = ConnectorError.is(cause)
        ? cause
        : new ConnectorError('unexpected', 'The token could not be asked for: report it.', { cause });
      if (error.code === 'unavailable' && order > state.heldOrder)
        state.pause = { until: error.retryAt ?? soon(), error };
      return { error };
    }
  };

  const begin = (tenantId: string, state: TenantTokens, slot: Slot, claims?: string): Promise<HeldToken> => {
    const { pause } = state;
    if (pause && pause.until > clock.now()) return Promise.reject(pause.error);
    // The slot is free before the watchers are told, so that they may need a token themselves.
    const asked = ask(tenantId, state, claims).finally(() => {
      delete state[slot];
    });
    const token = asked.then(async ({ held, error }) => {
      await watchers.after(tenantId, held ? { expiresAt: held.expiresAt } : { error });
      if (held) return held;
      throw error;
    });
    state[slot] = { landed: asked.catch(() => undefined), token };
    return token;
  };

  const fly = (tenantId: string, state: TenantTokens, claims?: string): Promise<HeldToken> => {
    const { flight, freshFlight, challengeFlight } = state;
    if (claims !== undefined)
      return challengeFlight?.token ?? begin(tenantId, state, 'challengeFlight', claims);
    const current = flight ?? freshFlight ?? challengeFlight;
    return current?.token ?? begin(tenantId, state, 'flight');
  };

  const flyFresh = (tenantId: string, state: TenantTokens): Promise<HeldToken> => {
    if (state.nextFreshFlight) return state.nextFreshFlight;
    if (!state.freshFlight) return begin(tenantId, state, 'freshFlight');
    // Its token may have been made before what this caller wants to see in it.
    const next = state.freshFlight.landed.then(() => {
      delete state.nextFreshFlight;
      return flyFresh(tenantId, state);
    });
    state.nextFreshFlight = next;
    return next;
  };

  const refuse = (state: TenantTokens, token: string): void => {
    if (state.held?.token === token) delete state.held;
  };
  const isKept = ({ kept }: TenantTokens, token: string) => kept?.token === token && clock.now() < kept.until;

  return {
    async acquire(tenantId, { fresh = false, instead, claims, ...callOptions } = {}) {
      const limits = limitsOf(callOptions);
      const state = stateOf(tenantId);
      const { held: refused } = state;
      // Claims that the token does not have make another one of it.
      const mayBeKept = claims === undefined || refused?.challenged === true;
      if (instead !== undefined && !(mayBeKept && isKept(state, instead))) refuse(state, instead);
      if (fresh) return plain(await unlessLate(flyFresh(tenantId, state), limits, late));
      const { held } = state;
      const now = clock.now();
      // Of many who are challenged at once, the first brings the token for all of them.
      if (held && now < held.usableUntil && (claims === undefined || held.challenged)) {
        if (now >= held.refreshAt)
          fly(tenantId, state).catch(() => {
            // No news while the token at hand works; but it is not tried again with each call.
            held.refreshAt = soon();
          });
        return plain(held);
      }
      return plain(await unlessLate(fly(tenantId, state, claims), limits, late));
    },
    discard(tenantId, token, error) {
      const state = tenants.get(tenantId);
      if (!state) return;
      refuse(state, token);
      if (!state.held) state.pause = { until: soon(), error };
    },
    keep(tenantId, token) {
      const state = tenants.get(tenantId);
      if (state?.held?.token === token && !isKept(state, token)) state.kept = { token, until: soon() };
    },
    forget(tenantId) {
      tenants.delete(tenantId);
    },
  };
}

const late = () =>
  new ConnectorError('unavailable', 'The token did not come in the time that the call has: try again later.');

const plain = ({ token, expiresAt }: AccessToken): AccessToken => ({ token, expiresAt });
