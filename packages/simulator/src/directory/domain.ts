/** A domain of a tenant as `GET /domains` shows it. */
export interface Domain {
  readonly id: string;
  readonly authenticationType: 'Managed' | 'Federated';
  readonly availabilityStatus: null;
  readonly isAdminManaged: boolean;
  readonly isDefault: boolean;
  readonly isInitial: boolean;
  readonly isRoot: boolean;
  readonly isVerified: boolean;
  readonly supportedServices: readonly string[];
  readonly passwordNotificationWindowInDays: number;
  readonly passwordValidityPeriodInDays: number;
  readonly state: null;
  readonly manufacturer: null;
  readonly model: null;
}

/** Creates a domain; the default one is what new addresses get. */
export function domain(
  id: string,
  traits: {
    readonly initial?: boolean;
    readonly default?: boolean;
    readonly verified?: boolean;
    readonly root?: boolean;
  },
): Domain {
  const verified = traits.verified ?? true;
  return {
    id,
    authenticationType: 'Managed',
    availabilityStatus: null,
    isAdminManaged: true,
    isDefault: traits.default ?? false,
    isInitial: traits.initial ?? false,
    isRoot: traits.root ?? true,
    isVerified: verified,
    supportedServices: verified ? ['Email', 'OfficeCommunicationsOnline'] : [],
    passwordNotificationWindowInDays: 14,
    passwordValidityPeriodInDays: 90,
    state: null,
    manufacturer: null,
    model: null,
  };
}
