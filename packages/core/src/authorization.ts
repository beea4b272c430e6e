import type { Attempt, Attempts } from './attempt.ts';
import { attemptInvalid } from './attempt.ts';
import type { CallOptions } from './call-options.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import { type Consent, permissionsMissing, requiredOf } from './consent.ts';
import type { Hooks } from './hooks.ts';
import type { Invitations } from './invitation.ts';
import type { Logger } from './logger.ts';
import type { Grant } from './provider.ts';
import { HOOK_LIMIT, timeLimit } from './time-limit.ts';

/** What came back from the service, as the browser brought it. */
export interface CallbackParameters {
  readonly state: string;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
  readonly adminConsent?: string | undefined;
}

/** What the confirmation page shows. */
export interface Confirmation {
  readonly connection: Connection;
  /** `undefined` while the grant is not visible at the service yet. */
  readonly grant: Grant | undefined;
}

export interface Confirmed {
  readonly connection: Connection;
  readonly returnTo: string | undefined;
}

/** The steps of one authorization, each bound to one browser and one person. */
export interface AuthorizationFlow {
  /** Who is at the browser. @throws ConnectorError `refused` when the hook does */
  askActor(request: Request, connection: Connection): Promise<string | undefined>;
  /** Ends the leg that the callback is of. Resolves with where to send the browser, or the secret of the confirmation. */
  callback(
    parameters: CallbackParameters,
    browser: Browser,
    options?: CallOptions,
  ): Promise<{ readonly location: string } | { readonly confirm: string }>;
  /** Asks the service what was granted. */
  review(secret: string, browser: Browser, options?: CallOptions): Promise<Confirmation>;
  /** Binds the tenant. `returnTo` is where to send the browser; without one it stays. */
  confirm(secret: string, browser: Browser): Promise<Confirmed>;
}

export interface Browser {
  readonly request: Request;
  readonly cookie: string | undefined;
}

// Grants take tens of seconds to become visible everywhere.
const SPREADING = 90_000;
const GRANT_LIFE = 60_000;

export function createAuthorization(context: {
  readonly connections: ConnectionRegistry;
  readonly consent: Consent;
  readonly attempts: Attempts;
  readonly invitations: Invitations;
  readonly hooks: Hooks;
  /** Registered at the service. */
  readonly redirectUri: string;
  readonly clock: Clock;
  readonly logger: Logger;
}): AuthorizationFlow {
  const { connections, consent, attempts, invitations, hooks, redirectUri, clock, logger } = context;

  const askActor = async (request: Request, connection: Connection) => {
    try {
      const actor: unknown = await hooks.authorize(request, { connection });
      // What session libraries give for nobody differs.
      return typeof actor === 'string' && actor !== '' ? actor : undefined;
    } catch (error) {
      if (ConnectorError.is(error)) throw error;
      throw new ConnectorError('refused', 'You may not connect this organization.', { cause: error });
    }
  };

  /** The attempt, if this browser and the person at it began it, and nothing has changed since. */
  const proceed = async (secret: string, browser: Browser, leg?: Attempt['leg']) => {
    // The cookie comes first: whatever else follows a link (a scanner, a preview) uses nothing up.
    const { attempt, connection } = await attempts.find(secret, {
      ...(leg && { leg }),
      cookie: browser.cookie,
    });
    // A person who came by a link is no user of the host; the link stands for them for as long as it is good.
    if (attempt.invitation !== undefined) {
      // Once it is done, the link is used up.
      if (attempt.leg !== 'done') await invitations.require(attempt.invitation);
    } else if ((await askActor(browser.request, connection)) !== attempt.actor) throw attemptInvalid();
    return { attempt, connection, provider: connections.provider(connection) };
  };

  const confirming = new Map<string, Promise<Confirmed>>();

  /** The end of what this browser has confirmed before, as long as it holds. */
  const finished = async (secret: string, browser: Browser): Promise<Confirmed> => {
    const { attempt, connection } = await proceed(secret, browser, 'done');
    if (connection.status !== 'active') throw attemptInvalid();
    return { connection, returnTo: attempt.returnTo };
  };

  const finish = async (secret: string, browser: Browser): Promise<Confirmed> => {
    const { attempt, connection } = await proceed(secret, browser);
    if (attempt.leg === 'done') return finished(secret, browser);
    if (attempt.leg !== 'confirm') throw attemptInvalid();
    if (!attempt.grant) {
      throw new ConnectorError(
        'consent_pending',
        'The service has not shown the consent yet. Wait for the page to say so.',
      );
    }
    const grant = await stillGranted(attempt, connection);
    await attempts.finish(secret);
    const { actor, returnTo, registeredAt } = attempt;
    const byLink = attempt.invitation !== undefined;
    const activated = await usingInvitation(attempt.invitation, () =>
      consent.activate({ connectionId: connection.id, registeredAt, grant }, { actor, byLink }),
    );
    // Other links and sign-ins were for the same end; what is left of them would let somebody do it over.
    await invitations.cancel(connection.id);
    try {
      await timeLimit(() => hooks.afterConnect?.(activated, { actor, byLink }), HOOK_LIMIT, clock);
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      logger.error(
        { connectionId: connection.id, error: name },
        'The hook afterConnect threw, or did not end.',
      );
    }
    return { connection: activated, returnTo };
  };

  /** What was granted, asked again when the page has been open for so long that it may have changed. */
  const stillGranted = async (attempt: Attempt, connection: Connection): Promise<Grant> => {
    const { grant, grantedAt = 0 } = attempt;
    if (grant && clock.now() - grantedAt < GRANT_LIFE) return grant;
    const now = await connections.provider(connection).verify(connection.tenant, { maxWait: 5_000 });
    const missing = requiredOf(now);
    if (missing.length > 0) throw permissionsMissing(missing);
    return now;
  };

  /** Of two who come to the end by one link, one gets there; and a link that led nowhere stays good. */
  const usingInvitation = async <T>(id: string | undefined, work: () => Promise<T>): Promise<T> => {
    if (id === undefined) return work();
    const invitation = await invitations.require(id);
    await invitations.consume(id);
    try {
      return await work();
    } catch (error) {
      await invitations.restore(id, invitation);
      throw error;
    }
  };

  return {
    askActor,
    async callback({ state, code, error, errorDescription, adminConsent }, browser, options) {
      const { attempt, connection, provider } = await proceed(state, browser);
      await attempts.consume(state);
      // The error comes first: an answer with an error may say admin_consent=True as well.
      if (error !== undefined)
        throw provider.authorization.refusal?.(error, errorDescription) ?? refusedOrCancelled();
      const { nonce, codeVerifier, createdAt, expiresAt, ...lasting } = attempt;
      if (
        attempt.leg === 'sign_in' &&
        code !== undefined &&
        nonce !== undefined &&
        codeVerifier !== undefined
      ) {
        const person = await provider.authorization.completeSignIn(
          connection.tenant,
          { redirectUri, code, nonce, codeVerifier },
          options,
        );
        // Members may learn whether their tenant has consented; a guest, or who may be one, may not.
        if (person.isMember === true || person.mayGrant === true)
          await connections.change(connection.id, () => ({
            signedInAt: new Date(clock.now()).toISOString(),
          }));
        if (person.mayGrant === false) throw notAdministrator();
        const consentState = await attempts.create({ ...lasting, leg: 'consent', person }, connection);
        return {
          location: provider.authorization.consentUrl(connection.tenant, {
            redirectUri,
            state: consentState,
          }),
        };
      }
      if (attempt.leg === 'consent' && adminConsent?.toLowerCase() === 'true')
        return { confirm: await attempts.create({ ...lasting, leg: 'confirm' }, connection) };
      throw new ConnectorError('attempt_invalid', 'The answer does not belong to this step. Start again.');
    },

    async review(secret, browser, options) {
      const { attempt, connection, provider } = await proceed(secret, browser, 'confirm');
      if (attempt.grant) return { connection, grant: attempt.grant };
      try {
        const grant = await provider.verify(connection.tenant, options);
        const missing = requiredOf(grant);
        if (missing.length > 0) {
          // A grant becomes visible bit by bit; after a while what does not show was not given.
          if (clock.now() < attempt.createdAt + SPREADING) return { connection, grant: undefined };
          throw permissionsMissing(missing);
        }
        if (!attempt.person) throw notAdministrator();
        const mayGrant =
          attempt.person.mayGrant ?? (await provider.authorization.mayGrant(attempt.person, options));
        if (!mayGrant) throw notAdministrator();
        await attempts.addGrant(secret, attempt, connection, { grant, grantedAt: clock.now() });
        return { connection, grant };
      } catch (error) {
        if (ConnectorError.is(error, 'consent_pending', 'throttled', 'unavailable'))
          return { connection, grant: undefined };
        throw error;
      }
    },

    confirm(secret, browser) {
      // A button that is pressed twice leads to one end.
      const current = confirming.get(secret);
      const confirmed = current
        ? current.then(() => finished(secret, browser))
        : finish(secret, browser).finally(() => confirming.delete(secret));
      if (!current) confirming.set(secret, confirmed);
      return confirmed;
    },
  };
}

const refusedOrCancelled = () =>
  new ConnectorError(
    'consent_refused',
    'The service reports that the sign-in or the consent was refused or cancelled. Start again to try once more.',
  );

const notAdministrator = () =>
  new ConnectorError(
    'consent_refused',
    'The person who signed in may not grant these permissions. It takes a Global Administrator or a Privileged Role Administrator of the tenant.',
  );
