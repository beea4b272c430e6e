import { ConnectorError } from '@mailsphere/core';
import { consentAdvice, faultOf, type LoginFault } from './aadsts-codes.ts';
import { numberIn } from './login-answer.ts';

// "OAuth 2.0 authorization code flow", error codes of the authorization endpoint. A consent that is refused comes with
// several words, so that is what all others mean.
const byError: Readonly<Record<string, LoginFault>> = {
  unauthorized_client: 'credential',
  invalid_request: 'credential',
};

/**
 * What it means that the browser came back from the sign-in or the consent with an error: judged by the number at the
 * beginning of the description, or by the error where the number is not known. Nothing else is read or kept.
 */
export function callbackRefusal(error: string, description: string | undefined): ConnectorError {
  const number = numberIn(description);
  const word = /^[a-z_]{1,64}$/.test(error) ? error : 'unknown';
  const serviceCode = number === undefined ? word : `AADSTS${number}`;
  switch (faultOf(number, word) ?? faultOf(undefined, word) ?? ofError(word)) {
    case 'transient':
      return new ConnectorError('unavailable', UNAVAILABLE, { serviceCode });
    case 'credential':
      return new ConnectorError('credential_invalid', OPERATOR, { serviceCode });
    case 'consent':
      return new ConnectorError('consent_refused', consentAdvice(number), { serviceCode });
    default:
      return new ConnectorError('consent_refused', REFUSED, { serviceCode });
  }
}

const ofError = (word: string) => (Object.hasOwn(byError, word) ? byError[word] : undefined);

const UNAVAILABLE = 'The sign-in service does not work at the moment: start again in a few minutes.';
const OPERATOR =
  'The sign-in service does not accept this application as it is set up: the operator must see to the app registration.';
const REFUSED =
  'The service reports that the sign-in or the consent was refused or cancelled. Start again to try once more.';
