/**
 * Whose turn it is after a refusal by the sign-in service:
 * `consent`: an administrator of the tenant; `credential`: the operator of the host; `tenant`: whoever typed the tenant;
 * `person`: the person at the browser; `grant`: the code or token is used up; `transient`: nobody, try again.
 */
export type LoginFault = 'consent' | 'credential' | 'tenant' | 'person' | 'grant' | 'transient';

const ADMIN_CENTER = 'in the Microsoft Entra admin center, under Enterprise applications,';
const AUTHORISE = 'The tenant does not let this application in: an administrator must authorise it.';
const NOT_THERE =
  'This application is not in the tenant, because it was deleted there or never authorised: an administrator must authorise it again.';
const SERVICE_LACKING =
  'The tenant lacks a service that this application reads from: see that Microsoft 365 is subscribed to and enabled, then authorise the application again.';

/** What the administrator must do, as it is shown to them. */
const consent: Readonly<Record<number, string>> = {
  65001: 'Nobody has consented to this application for the whole tenant: an administrator must authorise it.',
  65004:
    'The consent was declined: an administrator must authorise this application and accept all it asks for.',
  700016: NOT_THERE,
  7000229: NOT_THERE,
  700011: NOT_THERE,
  70001: `This application is not in the tenant or disabled there: enable it ${ADMIN_CENTER} if it is listed, then authorise it again.`,
  7000112: `This application is disabled in the tenant: ${ADMIN_CENTER} open its Properties and set "Enabled for users to sign in" to Yes, then authorise it again.`,
  90094:
    'Only an administrator may grant what this application asks for: one of the tenant must authorise it.',
  90095: `A request to let this application in waits for approval: an administrator must approve it ${ADMIN_CENTER} at "Admin consent requests", or authorise the application.`,
  90008: AUTHORISE,
  90099:
    "An administrator of the tenant itself must authorise this application before a partner's administrators can use it.",
  650051: `An old copy of this application is in the way: delete it ${ADMIN_CENTER} then authorise the application again.`,
  650052: SERVICE_LACKING,
  500011: SERVICE_LACKING,
  50001: SERVICE_LACKING,
  501051: `The tenant demands an assignment for what this application asks for: ${ADMIN_CENTER} assign it or set "Assignment required?" to No, then authorise the application again.`,
  1000031: `The tenant does not let this application be used at this time: see ${ADMIN_CENTER} what stands against it, then authorise it again.`,
};

// "Microsoft Entra authentication and authorization error codes".
const codes: Readonly<Record<LoginFault, readonly number[]>> = {
  consent: Object.keys(consent).map(Number),
  credential: [
    7000222, 7000215, 70002, 700027, 700030, 50012, 7000218, 700025, 50011, 50194, 650056, 650057, 65005,
    70011, 900144, 9002313, 700213, 70021, 700211, 700212, 700024, 50196,
  ],
  tenant: [90002, 900021, 900023, 50128, 50059, 90038, 900382, 900432],
  person: [
    50020, 50034, 51004, 16000, 50076, 50079, 50072, 50074, 50078, 53000, 53001, 53002, 53003, 530032, 530034,
    530035, 50105, 50057, 50058, 500021, 500022, 500212, 500213,
  ],
  grant: [70008, 700082, 50173, 70043, 50132, 50133, 50089, 70000, 9002341, 700084, 54005, 50148],
  transient: [90033, 90006, 90012, 90024, 50033, 90090, 90041, 90055],
};

const faults = new Map(
  Object.entries(codes).flatMap(([fault, numbers]) =>
    numbers.map((number) => [number, fault as LoginFault] as const),
  ),
);

// Only where the service gives no number: `invalid_client` with an unknown one may be anybody's fault.
const byError: Readonly<Record<string, LoginFault>> = {
  invalid_client: 'credential',
  invalid_tenant: 'tenant',
  invalid_grant: 'grant',
  temporarily_unavailable: 'transient',
  server_error: 'transient',
};

/** `undefined` for what is not known: then nothing that is stored may change. */
export function faultOf(code: number | undefined, error: string | undefined): LoginFault | undefined {
  if (code !== undefined) {
    const fault = faults.get(code);
    if (fault) return fault;
    return error === 'temporarily_unavailable' || error === 'server_error' ? 'transient' : undefined;
  }
  return error !== undefined && Object.hasOwn(byError, error) ? byError[error] : undefined;
}

/** The sentence for the administrator whose turn it is; codes that ask for the same thing share one. */
export const consentAdvice = (code: number | undefined): string => consent[code ?? 0] ?? AUTHORISE;
