import {
  ConfidentialClientApplication,
  type INetworkModule,
  type NetworkRequestOptions,
} from '@azure/msal-node';
import { ConnectorError } from '@mailsphere/core';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { Cloud } from '../cloud.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import { type LoginAnswer, loginError } from './login-answer.ts';
import type { LoginClient } from './login-client.ts';
import { tokenEndpoint } from './token-endpoint.ts';

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds, from when the answer came. */
  readonly lifetime: number;
}

/**
 * Asks for one app-only token, once.
 *
 * @param claims What a claims challenge of the resource demands, as JSON.
 */
export type TokenRequest = (tenantId: string, claims?: string) => Promise<IssuedToken>;

// The longest life that is documented is 28 hours, with continuous access evaluation.
const LONGEST_LIFE = 28 * 3600;

const issuedSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive(),
});

// MSAL refuses plain http as an authority and looks unknown hosts up. It gets a host that it knows; where requests
// really go is in the metadata, and the network module lets nothing else pass.
const AUTHORITY = 'https://login.microsoftonline.com';

/**
 * Tokens by client credentials through MSAL. Each request has an application object of its own, because MSAL's cache
 * forgets nothing, and its throttle and its errors lose what the service said.
 */
export function createTokenRequest(options: {
  readonly clientId: string;
  readonly cloud: Cloud;
  readonly login: LoginClient;
  readonly authenticate: ClientAuthentication;
}): TokenRequest {
  const { clientId, cloud, login, authenticate } = options;
  const authorityMetadata = JSON.stringify({
    authorization_endpoint: `${cloud.login}/{tenantid}/oauth2/v2.0/authorize`,
    token_endpoint: `${cloud.login}/{tenantid}/oauth2/v2.0/token`,
    issuer: `${cloud.login}/{tenantid}/v2.0`,
    jwks_uri: `${cloud.login}/{tenantid}/discovery/v2.0/keys`,
  });

  return async (tenantId, claims) => {
    const proof = await authenticate(tokenEndpoint(cloud, tenantId));
    const exchange = recorded(login);
    // The capability `cp1` is not declared. It would bring tokens of up to 28 hours, whose roles are as old as they are, and
    // it is not documented that Graph takes such a token back early from an application of another tenant. Without it a
    // token ends within 90 minutes by itself. A challenge that comes all the same is answered.
    const application = new ConfidentialClientApplication({
      auth: {
        clientId,
        authority: `${AUTHORITY}/${tenantId}`,
        authorityMetadata,
        ...('secret' in proof ? { clientSecret: proof.secret } : { clientAssertion: proof.assertion }),
      },
      system: { networkClient: exchange.network, disableInternalRetries: true },
    });
    // What MSAL makes of the answer is not looked at: it accepts an empty one, and its errors lose status and wait.
    await application
      .acquireTokenByClientCredential({
        scopes: [`${cloud.graph}/.default`],
        skipCache: true,
        ...(claims !== undefined && { claims }),
        azureRegion: 'DisableMsalForceRegion',
      })
      .catch(() => undefined);

    const answer = exchange.answer();
    if (answer.status !== 200) throw loginError(answer, 'token');
    const issued = issuedSchema.safeParse(answer.json).data;
    if (!issued || !belongsTo(issued.access_token, tenantId))
      throw new ConnectorError(
        'unexpected',
        'The sign-in service answered without a token for this tenant: report it with its request id.',
        {
          requestId: answer.requestId,
        },
      );
    return { token: issued.access_token, lifetime: Math.min(issued.expires_in, LONGEST_LIFE) * 1000 };
  };
}

/** MSAL's network, and what came over it. */
function recorded(login: LoginClient) {
  let answer: LoginAnswer | undefined;
  let failure: unknown = new ConnectorError('unexpected', 'No token was asked for.');
  const network: INetworkModule = {
    sendGetRequestAsync() {
      throw new Error('All metadata is given: there is nothing to get.');
    },
    async sendPostRequestAsync<Body>(url: string, request?: NetworkRequestOptions) {
      try {
        answer = await login.send({
          url: new URL(url),
          form: request?.body ?? '',
          headers: request?.headers,
        });
      } catch (error) {
        failure = error;
        throw error;
      }
      return { headers: {}, status: answer.status, body: (answer.json ?? {}) as Body };
    },
  };
  return {
    network,
    answer(): LoginAnswer {
      if (!answer) throw failure;
      return answer;
    },
  };
}

/** Tokens are opaque to clients; but one that can be read and names another tenant must not be used for this one. */
function belongsTo(token: string, tenantId: string): boolean {
  try {
    const { tid } = decodeJwt(token);
    return typeof tid !== 'string' || tid.toLowerCase() === tenantId;
  } catch {
    return true;
  }
}
