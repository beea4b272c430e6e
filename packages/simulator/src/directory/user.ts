/** What kind of mailbox a user object has. */
export type MailboxKind = 'user' | 'linked' | 'shared' | 'room' | 'equipment' | 'others' | 'none';

/** A user object of a tenant; an absent property was never set, a null one was cleared. */
export interface DirectoryUser {
  readonly id: string;
  userPrincipalName: string;
  displayName: string;
  givenName?: string | null;
  surname?: string | null;
  mail: string | null;
  mailNickname: string;
  proxyAddresses: readonly string[];
  otherMails: readonly string[];
  accountEnabled: boolean;
  userType: 'Member' | 'Guest';
  jobTitle?: string | null;
  department?: string | null;
  officeLocation?: string | null;
  mobilePhone?: string | null;
  businessPhones: readonly string[];
  preferredLanguage?: string | null;
  usageLocation?: string | null;
  createdDateTime: string;
  assignedPlans: readonly AssignedPlan[];
  /** Not a Graph property. */
  readonly mailbox: MailboxKind;
  /** Role template ids of the roles held; not a Graph property. */
  roles: readonly string[];
  /** Roles that the user may activate but has not (PIM); not a Graph property. */
  eligibleRoles?: readonly string[];
  /** Set once the user is deleted; `soft` can be restored. Not a Graph property. */
  deleted?: 'soft' | 'hard';
  /** Milliseconds since 1970 from which mail paths answer; earlier they say 404. Not a Graph property. */
  mailboxReadyAt?: number;
}

/** A plan of a licence that a user has. */
export interface AssignedPlan {
  readonly assignedDateTime: string;
  readonly capabilityStatus: 'Enabled' | 'Warning' | 'Suspended' | 'Deleted' | 'LockedOut';
  readonly service: string;
  readonly servicePlanId: string;
}

/** What a list of users returns without `$select` ("Use query parameters"). */
export const DEFAULT_USER_PROPERTIES = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
] as const;

/** What User.ReadBasic.All shows. */
export const BASIC_USER_PROPERTIES: ReadonlySet<string> = new Set([
  'id',
  'displayName',
  'givenName',
  'surname',
  'mail',
  'userPrincipalName',
]);

/** The plans of a licensed user. */
export const EXCHANGE_PLANS: readonly AssignedPlan[] = [
  {
    assignedDateTime: '2024-01-15T09:00:00Z',
    capabilityStatus: 'Enabled',
    service: 'exchange',
    servicePlanId: 'efb87545-963c-4e0d-99df-69c6916d9eb0',
  },
];
