import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import { z } from 'zod';
import { faultOf, type LoginFault } from './aadsts-codes.ts';

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

/** Which error each fault is, by who had asked. */
const meanings: Readonly<Record<'application' | 'sign_in', Readonly<Record<LoginFault, ErrorCode>>>> = {
  application: {
    consent: 'reauthorization_required',
    credential: 'credential_invalid',
    tenant: 'tenant_not_found',
    person: 'unexpected',
    grant: 'unexpected',
    transient: 'unavailable',
  },
  sign_in: {
    consent: 'consent_refused',
    credential: 'credential_invalid',
    tenant: 'tenant_not_found',
    person: 'attempt_invalid',
    grant: 'attempt_invalid',
    transient: 'unavailable',
  },
};

const texts: Readonly<Partial<Record<ErrorCode, string>>> = {
  reauthorization_required:
    'The tenant does not let this application in: an administrator must authorise it.',
  credential_invalid:
    "The sign-in service refused the application's own credential or settings: the operator must set them right.",
  tenant_not_found: 'The sign-in service knows no such tenant in this cloud: see whether the name is right.',
  consent_refused: 'The tenant does not let this application in: an administrator must consent.',
  attempt_invalid: 'The sign-in is not valid, or not valid any more: begin again.',
  unavailable: 'The sign-in service does not work at the moment: try again later.',
};

/** The error that an answer other than 200 stands for. */
export function loginError(answer: LoginAnswer, asked: 'application' | 'sign_in'): ConnectorError {
  const problem = problemSchema.safeParse(answer.json).data;
  const number = problem?.error_codes?.[0] ?? numberIn(problem?.error_description);
  const serviceCode = number !== undefined ? `AADSTS${number}` : word(problem?.error);
  const options = { serviceCode, requestId: answer.requestId, retryAt: answer.retryAt };
  // A body that is not theirs comes from something in between, whatever its status is.
  const busy = answer.status === 429 || answer.status === 408 || answer.status >= 500 || !problem?.error;
  const fault = busy ? 'transient' : faultOf(number, problem.error);
  const code = fault ? meanings[asked][fault] : 'unexpected';
  const text =
    texts[code] ??
    `The sign-in service answered ${answer.status}, which nothing here understands: report it with its request id.`;
  return new ConnectorError(code, serviceCode ? `${text} (${serviceCode})` : text, options);
}

// The number stands at the beginning; the rest of the description is for people and may name them.
const numberIn = (description: string | undefined) => {
  const digits = description?.match(/^AADSTS(\d{4,8})\b/)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const word = (text: string | undefined) => (text && /^[\w.-]{1,64}$/.test(text) ? text : undefined);
