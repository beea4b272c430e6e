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

/** What came back from the service, as the browser brought it. */
export interface CallbackParameters {
  readonly state: string;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
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
      return await hooks.authorize(request, { connection });
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
    if (attempt.invitation !== undefined) await invitations.require(attempt.invitation);
    else if ((await askActor(browser.request, connection)) !== attempt.actor) throw attemptInvalid();
    return { attempt, connection, provider: connections.provider(connection) };
  };

  return {
    askActor,
    async callback({ state, code, error, adminConsent }, browser, options) {
      const { attempt, connection, provider } = await proceed(state, browser);
      await attempts.consume(state);
      // The error comes first: an answer with an error may say admin_consent=True as well.
      if (error !== undefined) {
        throw new ConnectorError(
          'consent_refused',
          'The service reports that the sign-in or the consent was refused or cancelled. Start again to try once more.',
          { serviceCode: /^[a-z_]{1,64}$/.test(error) ? error : 'unknown' },
        );
      }
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
        await connections.change(connection.id, () => ({ signedInAt: new Date(clock.now()).toISOString() }));
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
        await attempts.addGrant(secret, attempt, connection, grant);
        return { connection, grant };
      } catch (error) {
        if (ConnectorError.is(error, 'consent_pending', 'throttled', 'unavailable'))
          return { connection, grant: undefined };
        throw error;
      }
    },

    async confirm(secret, browser) {
      const { attempt, connection } = await proceed(secret, browser, 'confirm');
      if (!attempt.grant) {
        throw new ConnectorError(
          'consent_pending',
          'The service has not shown the consent yet. Wait for the page to say so.',
        );
      }
      await attempts.consume(secret);
      const { actor, invitation, returnTo } = attempt;
      const byLink = invitation !== undefined;
      if (byLink) await invitations.consume(invitation);
      const activated = await consent.activate(connection.id, attempt.grant, { actor, byLink });
      try {
        await hooks.afterConnect?.(activated, { actor, byLink });
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown';
        logger.error({ connectionId: connection.id, error: name }, 'The hook afterConnect threw.');
      }
      return { connection: activated, returnTo };
    },
  };
}

const notAdministrator = () =>
  new ConnectorError(
    'consent_refused',
    'The person who signed in may not grant these permissions. It takes a Global Administrator or a Privileged Role Administrator of the tenant.',
  );
