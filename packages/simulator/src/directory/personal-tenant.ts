import { createRandom } from '../random.ts';
import { createTenant, type Tenant } from './tenant.ts';
import { tenantPolicy } from './tenant-policy.ts';
import type { DirectoryUser } from './user.ts';

/** The tenant id of every personal Microsoft account ("ID token claims reference"). */
export const PERSONAL_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** The place of personal accounts: it has one, and neither domains nor mail. */
export function makePersonalTenant(seed: number): Tenant {
  const id = createRandom(seed, 'personal').guid();
  const username = 'someone@outlook.com';
  const user: DirectoryUser = {
    id,
    userPrincipalName: username,
    displayName: 'Someone Personal',
    mail: username,
    mailNickname: 'someone',
    proxyAddresses: [],
    otherMails: [],
    accountEnabled: true,
    userType: 'Member',
    businessPhones: [],
    createdDateTime: '2020-01-01T00:00:00Z',
    assignedPlans: [],
    mailbox: 'none',
    roles: [],
  };
  return createTenant({
    id: PERSONAL_TENANT_ID,
    name: 'consumers',
    displayName: 'Microsoft accounts',
    domainRecords: [],
    accounts: { administrator: { id, username, displayName: user.displayName } },
    users: [user],
    groups: [],
    contacts: [],
    servicePrincipal: { id: PERSONAL_TENANT_ID, state: 'absent', accountEnabled: true, grants: new Map() },
    graphPrincipalId: PERSONAL_TENANT_ID,
    policy: tenantPolicy(),
    openMailbox: () => {
      throw new RangeError('Personal accounts have no mailbox here.');
    },
  });
}
