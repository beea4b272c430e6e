import { type Contact, DEFAULT_CONTACT_PROPERTIES } from '../directory/contact.ts';
import type { Domain } from '../directory/domain.ts';
import { directoryDelta } from './directory-delta.ts';
import { listDirectory, namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, pickAll, type Route } from './graph-call.ts';
import { noObject } from './graph-failure.ts';

// biome-ignore format: a list
const DOMAIN_PROPERTIES = [
  'authenticationType', 'availabilityStatus', 'id', 'isAdminManaged', 'isDefault', 'isInitial', 'isRoot', 'isVerified', 'supportedServices',
  'passwordValidityPeriodInDays', 'passwordNotificationWindowInDays', 'state', 'manufacturer', 'model',
];
// biome-ignore format: a list
const ORGANIZATION_PROPERTIES = [
  'id', 'deletedDateTime', 'displayName', 'countryLetterCode', 'createdDateTime', 'onPremisesSyncEnabled', 'tenantType', 'assignedPlans',
  'verifiedDomains',
];

/** Routes under `/organization`, `/domains` and `/contacts`. */
export function tenantRoute(segments: readonly string[]): Route | undefined {
  const [collection = '', key, more] = segments;
  if (more !== undefined) return undefined;
  switch (collection.toLowerCase()) {
    case 'organization':
      return key === undefined ? route('organization.list', organization) : undefined;
    case 'domains':
      if (key === undefined) return route('domains.list', listDomains);
      return route('domains.get', (call) => getDomain(call, key));
    case 'contacts':
      if (key === undefined) return route('contacts.list', listContacts);
      if (key === 'delta')
        return route('contacts.delta', (call) =>
          directoryDelta(
            call,
            'orgContact',
            'contacts/delta',
            call.tenant.contactOrder,
            DEFAULT_CONTACT_PROPERTIES,
          ),
        );
      return route('contacts.get', (call) => getContact(call, key));
    default:
      return undefined;
  }
}

function route(name: string, run: Route['run']): Route {
  return { name, limit: 'directory', run };
}

function organization(call: GraphCall): Answer {
  const { tenant } = call;
  const row = {
    id: tenant.id,
    displayName: tenant.displayName,
    countryLetterCode: 'DE',
    createdDateTime: '2024-01-10T08:00:00Z',
    tenantType: 'AAD',
    assignedPlans: [],
    verifiedDomains: tenant.domainRecords.filter((domain) => domain.isVerified).map(verifiedDomain),
  };
  const value = [pickAll(row, namesOf(call.query, ORGANIZATION_PROPERTIES))];
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'organization'), value } };
}

function verifiedDomain(domain: Domain): Record<string, unknown> {
  return {
    capabilities: domain.supportedServices.join(', '),
    isDefault: domain.isDefault,
    isInitial: domain.isInitial,
    name: domain.id,
    type: domain.authenticationType,
  };
}

// `$top`, `$filter` and `$search` have no effect here, as in the service ("List domains", known issue).
function listDomains(call: GraphCall): Answer {
  const names = namesOf(call.query, DOMAIN_PROPERTIES);
  const value = call.tenant.domainRecords.map((domain) => pickAll(domain, names));
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'domains'), value } };
}

function getDomain(call: GraphCall, name: string): Answer {
  const found = call.tenant.domainRecords.find((domain) => domain.id === name.toLowerCase());
  if (found === undefined) throw noObject(name);
  const row = pickAll(found, namesOf(call.query, DOMAIN_PROPERTIES));
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'domains/$entity'), ...row } };
}

function listContacts(call: GraphCall): Answer {
  return listDirectory(call, {
    path: 'contacts',
    objects: call.tenant.contactOrder,
    defaults: DEFAULT_CONTACT_PROPERTIES,
    visible: (contact) => (contact as Contact).deleted === undefined,
  });
}

function getContact(call: GraphCall, id: string): Answer {
  const found = call.tenant.contacts.find((contact) => contact.id === id);
  if (found === undefined) throw noObject(id);
  const row = pickAll(found, namesOf(call.query, DEFAULT_CONTACT_PROPERTIES));
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'contacts/$entity'), ...row } };
}
