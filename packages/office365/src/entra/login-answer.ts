import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { z } from 'zod';
import { consentAdvice, faultOf, type LoginFault } from './aadsts-codes.ts';

/** What the sign-in service answered, read to its end. */
export interface LoginAnswer {
  readonly status: number;
  readonly requestId: string | undefined;
  /** Epoch milliseconds before which it does not want to be asked again. */
  readonly retryAt: number | undefined;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

const problemSchema = z.object({
  error: z.string().optional().catch(undefined),
  error_codes: z.array(z.number()).optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
});

/** Who had asked: for a token, for what a typed name stands for, or for somebody who signs in. */
type Asker = 'token' | 'name' | 'sign_in';

const ofApplication: Readonly<Record<LoginFault, ErrorCode>> = {
  consent: 'reauthorization_required',
  credential: 'credential_invalid',
  tenant: 'tenant_not_found',
  person: 'unexpected',
  grant: 'unexpected',
  transient: 'unavailable',
};

const meanings: Readonly<Record<Asker, Readonly<Record<LoginFault, ErrorCode>>>> = {
  token: ofApplication,
  name: ofApplication,
  sign_in: {
    ...ofApplication,
    consent: 'consent_refused',
    person: 'attempt_invalid',
    grant: 'attempt_invalid',
  },
};

const texts: Readonly<Partial<Record<ErrorCode, string>>> = {
  credential_invalid:
    "The sign-in service refused the application's own credential or settings: the operator must set them right.",
  tenant_not_found: 'The sign-in service knows no such tenant in this cloud: see whether the name is right.',
  attempt_invalid: 'The sign-in is not valid, or not valid any more: begin again.',
  unavailable: 'The sign-in service does not work at the moment: try again later.',
};

const TENANT_GONE =
  'The sign-in service does not know this tenant: it was deleted, or belongs to another cloud than the one that is set.';

/**
 * The error that an answer other than 200 stands for. The message of `reauthorization_required` and `consent_refused` is
 * a sentence for the administrator, without the code.
 */
export function loginError(answer: LoginAnswer, asked: Asker): ConnectorError {
  const problem = problemSchema.safeParse(answer.json).data;
  const number = problem?.error_codes?.[0] ?? numberIn(problem?.error_description);
  const serviceCode = number !== undefined ? `AADSTS${number}` : word(problem?.error);
  const options = { serviceCode, requestId: answer.requestId, retryAt: answer.retryAt };
  // A body that is not theirs comes from something in between, whatever its status is.
  const busy = answer.status === 429 || answer.status === 408 || answer.status >= 500 || !problem?.error;
  const fault = busy ? 'transient' : faultOf(number, problem.error);
  const code = fault ? meanings[asked][fault] : 'unexpected';
  if (fault === 'consent') return new ConnectorError(code, consentAdvice(number), options);
  const text =
    (asked === 'token' && fault === 'tenant' ? TENANT_GONE : texts[code]) ??
    `The sign-in service answered ${answer.status}, which nothing here understands: report it with its request id.`;
  return new ConnectorError(code, serviceCode ? `${text} (${serviceCode})` : text, options);
}

/** The number stands at the beginning; the rest of the description is for people and may name them. */
export const numberIn = (description: string | undefined) => {
  const digits = description?.match(/^AADSTS(\d{4,8})\b/)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const word = (text: string | undefined) => (text && /^[\w.-]{1,64}$/.test(text) ? text : undefined);
