import { z } from 'zod';
import type { Attempt, Attempts } from './attempt.ts';
import { randomSecret } from './attempt.ts';
import type { BaseUrl } from './base-url.ts';
import type { CallOptions } from './call-options.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Hooks } from './hooks.ts';
import type { Logger } from './logger.ts';
import { parseRequest } from './options.ts';
import type { Grant } from './provider.ts';
import { sha256 } from './sha256.ts';

export interface BeginRequest {
  readonly connectionId: string;
  /** The host's opaque id of the person who starts it; the same person must finish it. */
  readonly actor: string;
  /** Where the browser goes in the end: a path of the host, or a URL of the same origin as `baseUrl`. @default '/' */
  readonly returnTo?: string | undefined;
  /** The value of the browser's cookie, if it has one already. */
  readonly cookie?: string | undefined;
}

export interface Begun {
  /** Where to send the browser: the sign-in of exactly this tenant. */
  readonly location: string;
  /** The value of the cookie that binds the attempt to this browser. */
  readonly cookie: string;
}

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

/** The steps of one authorization, each bound to one browser and one person. */
export interface AuthorizationFlow {
  /** Who is at the browser. @throws ConnectorError `refused` when the hook does */
  askActor(request: Request, connection: Connection): Promise<string | undefined>;
  begin(request: BeginRequest): Promise<Begun>;
  /** Ends the leg that the callback is of. Resolves with where to send the browser, or the secret of the confirmation. */
  callback(
    parameters: CallbackParameters,
    browser: Browser,
    options?: CallOptions,
  ): Promise<{ readonly location: string } | { readonly confirm: string }>;
  /** Asks the service what was granted. */
  review(secret: string, browser: Browser, options?: CallOptions): Promise<Confirmation>;
  /** Binds the tenant. Resolves with where to send the browser. */
  confirm(secret: string, browser: Browser): Promise<string>;
}

export interface Browser {
  readonly request: Request;
  readonly cookie: string | undefined;
}

const beginSchema = z.strictObject({
  connectionId: z.string('must be the id of a connection'),
  actor: z.string("must be the host's id of the person at the browser").min(1, 'must not be empty'),
  returnTo: z.string('must be a path, or a URL of the same origin as baseUrl').optional(),
  cookie: z.string().optional(),
});

// Grants take tens of seconds to become visible everywhere.
const SPREADING = 90_000;

export function createAuthorization(context: {
  readonly connections: ConnectionRegistry;
  readonly attempts: Attempts;
  readonly hooks: Hooks;
  readonly baseUrl: BaseUrl;
  readonly clock: Clock;
  readonly logger: Logger;
}): AuthorizationFlow {
  const { connections, attempts, hooks, baseUrl, clock, logger } = context;
  const redirectUri = `${baseUrl.href}/callback`;

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
    const attempt = await attempts.find(secret, { ...(leg && { leg }), cookie: browser.cookie });
    const connection = await connections.require(attempt.connectionId);
    const actor = await askActor(browser.request, connection);
    if (actor === undefined || actor !== attempt.actor || connection.status === 'disconnected') {
      throw new ConnectorError(
        'attempt_invalid',
        'This sign-in was started by somebody else, or the connection was ended meanwhile. Start again.',
      );
    }
    return { attempt, connection, provider: connections.provider(connection) };
  };

  return {
    askActor,
    async begin(request) {
      const { connectionId, actor, returnTo, cookie = randomSecret() } = parseRequest(beginSchema, request);
      const connection = await connections.require(connectionId);
      if (connection.status === 'disconnected') {
        throw new ConnectorError('refused', 'The connection was ended: register the tenant again.');
      }
      const provider = connections.provider(connection);
      const nonce = randomSecret();
      const codeVerifier = randomSecret();
      const state = await attempts.create({
        leg: 'sign_in',
        connectionId,
        actor,
        browser: sha256(cookie),
        returnTo: sameOrigin(returnTo, baseUrl),
        nonce,
        codeVerifier,
      });
      const location = provider.authorization.signInUrl(connection.tenant, {
        redirectUri,
        state,
        nonce,
        codeChallenge: Buffer.from(sha256(codeVerifier), 'hex').toString('base64url'),
      });
      return { location, cookie };
    },

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
        if (person.mayGrant === false) throw notAdministrator();
        const consentState = await attempts.create({ ...lasting, leg: 'consent', person });
        return {
          location: provider.authorization.consentUrl(connection.tenant, {
            redirectUri,
            state: consentState,
          }),
        };
      }
      if (attempt.leg === 'consent' && adminConsent?.toLowerCase() === 'true')
        return { confirm: await attempts.create({ ...lasting, leg: 'confirm' }) };
      throw new ConnectorError('attempt_invalid', 'The answer does not belong to this step. Start again.');
    },

    async review(secret, browser, options) {
      const { attempt, connection, provider } = await proceed(secret, browser, 'confirm');
      if (attempt.grant) return { connection, grant: attempt.grant };
      try {
        const grant = await provider.verify(connection.tenant, options);
        const missing = grant.missing.filter((permission) => permission.required);
        if (missing.length > 0) {
          // A grant becomes visible bit by bit; after a while what does not show was not given.
          if (clock.now() < attempt.createdAt + SPREADING) return { connection, grant: undefined };
          const names = missing.map(({ id }) => id).join(', ');
          throw new ConnectorError(
            'permission_missing',
            `The tenant has not granted: ${names}. Add them to the app registration if they are not listed there, then start again and accept all.`,
          );
        }
        if (!attempt.person) throw notAdministrator();
        const mayGrant =
          attempt.person.mayGrant ?? (await provider.authorization.mayGrant(attempt.person, options));
        if (!mayGrant) throw notAdministrator();
        await attempts.update(secret, { grant });
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
      const activated = await connections.activate(connection.id, attempt.grant);
      try {
        await hooks.afterConnect?.(activated, { actor: attempt.actor });
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown';
        logger.error({ connectionId: connection.id, error: name }, 'The hook afterConnect threw.');
      }
      return attempt.returnTo;
    },
  };
}

const notAdministrator = () =>
  new ConnectorError(
    'consent_refused',
    'The person who signed in may not grant these permissions. It takes a Global Administrator or a Privileged Role Administrator of the tenant.',
  );

/** @throws ConnectorError `invalid_request` when it leads away from the host */
function sameOrigin(returnTo: string | undefined, baseUrl: BaseUrl): string {
  if (returnTo === undefined) return `${baseUrl.origin}/`;
  const url = URL.parse(returnTo, baseUrl.origin);
  if (url && url.origin === baseUrl.origin && url.username === '' && url.password === '') return url.href;
  throw new ConnectorError(
    'invalid_request',
    'returnTo: must be a path, or a URL of the same origin as baseUrl',
    {
      field: 'returnTo',
    },
  );
}
