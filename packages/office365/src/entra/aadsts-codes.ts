/**
 * Whose turn it is after a refusal by the sign-in service:
 * `consent`: an administrator of the tenant; `credential`: the operator of the host; `tenant`: whoever typed the tenant;
 * `person`: the person at the browser; `grant`: the code or token is used up; `transient`: nobody, try again.
 */
export type LoginFault = 'consent' | 'credential' | 'tenant' | 'person' | 'grant' | 'transient';

// "Microsoft Entra authentication and authorization error codes".
const codes: Readonly<Record<LoginFault, readonly number[]>> = {
  consent: [
    65001, 65004, 700016, 7000229, 7000112, 70001, 700011, 90094, 90095, 90008, 90099, 650051, 650052, 501051,
    500011, 50001, 1000031,
  ],
  credential: [
    7000222, 7000215, 70002, 700027, 700030, 50012, 7000218, 700025, 50011, 50194, 650056, 650057, 65005,
    70011, 900144, 9002313, 700213, 70021, 700211, 700212, 700024, 50196,
  ],
  tenant: [90002, 900021, 900023, 50128, 50059, 90038, 900382, 900432],
  person: [
    50020, 50034, 51004, 16000, 50076, 50079, 50072, 50074, 50078, 53000, 53001, 53002, 53003, 530032, 530034,
    530035, 50105, 50057, 50058, 500021, 500022, 500212, 500213,
  ],
  grant: [70008, 700082, 50173, 70043, 50132, 50133, 50089, 70000, 9002341, 700084, 54005],
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
