import { type Clock, ConnectorError, type ProviderAuthorization } from '@mailsphere/core';
import { z } from 'zod';
import type { Cloud } from '../cloud.ts';
import { callbackRefusal } from './callback-refusal.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import { validateIdToken } from './id-token.ts';
import { createKeyRing } from './key-ring.ts';
import { loginError } from './login-answer.ts';
import type { LoginClient } from './login-client.ts';
import { tenantIdOf } from './tenant-id.ts';
import { tokenEndpoint } from './token-endpoint.ts';

const SCOPE = 'openid profile';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const redeemedSchema = z.object({ id_token: z.string().min(1) });

/**
 * The two legs at the sign-in service. The code is redeemed without MSAL, which would ask for a refresh token that
 * nobody needs and would not validate the identity token.
 */
export function createSignIn(options: {
  readonly clientId: string;
  readonly cloud: Cloud;
  readonly login: LoginClient;
  readonly authenticate: ClientAuthentication;
  readonly clock: Clock;
}): Omit<ProviderAuthorization, 'mayGrant'> {
  const { clientId, cloud, login, authenticate, clock } = options;
  const keyRing = createKeyRing({ cloud, login, clock });

  const page = (path: string, query: Readonly<Record<string, string>>) =>
    `${cloud.login}${path}?${new URLSearchParams(query)}`;

  return {
    signInUrl: (tenant, { redirectUri, state, nonce, codeChallenge }) =>
      page(`/${tenantIdOf(tenant)}/oauth2/v2.0/authorize`, {
        client_id: clientId,
        response_type: 'code',
        response_mode: 'query',
        scope: SCOPE,
        redirect_uri: redirectUri,
        state,
        nonce,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
        // Whoever is signed in with an account of another organization gets to choose.
        prompt: 'select_account',
      }),

    consentUrl: (tenant, { redirectUri, state }) =>
      page(`/${tenantIdOf(tenant)}/v2.0/adminconsent`, {
        client_id: clientId,
        scope: `${cloud.graph}/.default`,
        redirect_uri: redirectUri,
        state,
      }),

    refusal: callbackRefusal,

    async completeSignIn(tenant, { redirectUri, code, nonce, codeVerifier }, { signal } = {}) {
      const tenantId = tenantIdOf(tenant);
      const endpoint = tokenEndpoint(cloud, tenantId);
      const proof = await authenticate(endpoint);
      const form = new URLSearchParams({
        client_id: clientId,
        grant_type: 'authorization_code',
        scope: SCOPE,
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
        ...('secret' in proof
          ? { client_secret: proof.secret }
          : { client_assertion: proof.assertion, client_assertion_type: ASSERTION_TYPE }),
      });
      // Once only: a code that may have been redeemed is worth nothing any more.
      const answer = await login.send({ url: new URL(endpoint), form: form.toString(), signal });
      if (answer.status !== 200) throw loginError(answer, 'sign_in');
      const redeemed = redeemedSchema.safeParse(answer.json).data;
      if (!redeemed)
        throw new ConnectorError(
          'unexpected',
          'The sign-in service answered without an identity token: begin again.',
          {
            requestId: answer.requestId,
          },
        );
      return validateIdToken(redeemed.id_token, { tenantId, clientId, nonce }, { keyRing, clock, signal });
    },
  };
}
