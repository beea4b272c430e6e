import { createRandom } from '../random.ts';

/** The app id of Microsoft Graph, the same in every tenant. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** An app role of Microsoft Graph: an application permission. */
export interface AppRole {
  readonly id: string;
  readonly value: string;
  readonly displayName: string;
}

// Ids and titles as in "Microsoft Graph permissions reference".
// biome-ignore format: a table
const ROLES: readonly (readonly [value: string, id: string, title: string])[] = [
  ['Application.Read.All', '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30', 'Read all applications'],
  ['Directory.Read.All', '7ab1d382-f21e-4acd-a863-ba3e13f7da61', 'Read directory data'],
  ['Domain.Read.All', 'dbb9058a-0e50-45d7-ae91-66909b5d4664', 'Read domains'],
  ['Group.Read.All', '5b567255-7703-4780-807c-7be8301ae99b', 'Read all groups'],
  ['GroupMember.Read.All', '98830695-27a2-44f7-8c18-0c3ebc9698f6', 'Read all group memberships'],
  ['Mail.Read', '810c84a8-4a9e-49e6-bf7d-12d183f40d01', 'Read mail in all mailboxes'],
  ['Mail.ReadBasic.All', '693c5e45-0940-467d-9b8a-1022fb9d42ef', 'Read basic mail in all mailboxes'],
  ['Mail.ReadWrite', 'e2a3a72e-5f79-4c64-b1b1-878b674786c9', 'Read and write mail in all mailboxes'],
  ['MailboxSettings.Read', '40f97065-369a-49f4-947c-6a255697ae91', 'Read all user mailbox settings'],
  ['Member.Read.Hidden', '658aa5d8-239f-45c4-aa12-864f4fc7e490', 'Read all hidden memberships'],
  ['Organization.Read.All', '498476ce-e0fe-48b0-b801-37ba7e2685c6', 'Read organization information'],
  ['OrgContact.Read.All', 'e1a88a34-94c4-4418-be12-c87b00e26bea', 'Read organizational contacts'],
  ['RoleManagement.Read.Directory', '483bed4a-2ad3-4361-a73b-c83ccdbdc53c', 'Read all directory RBAC settings'],
  ['User.Read.All', 'df021288-bdef-4463-88db-98f22de89214', "Read all users' full profiles"],
  ['User.ReadBasic.All', '97235f07-e226-4f63-ace3-39588e11d3a1', "Read all users' basic profiles"],
  ['Group.ReadBasic.All', '', 'Read basic information of all groups'],
  ['GroupMember.ReadBasic.All', '', 'Read basic group memberships'],
];

const BY_VALUE = new Map<string, AppRole>();
for (const [value, id, displayName] of ROLES) {
  BY_VALUE.set(value, { value, id: id === '' ? madeUpId(value) : id, displayName });
}

function madeUpId(value: string): string {
  return createRandom('app role', value).guid();
}

/** The app role of a permission; one that the simulator does not know gets an id made from its name. */
export function appRole(value: string): AppRole {
  return BY_VALUE.get(value) ?? { value, id: madeUpId(value), displayName: value };
}

/** All app roles that the service principal of Graph lists, with those asked for by the app. */
export function appRoles(required: readonly string[]): readonly AppRole[] {
  const values = new Set([...BY_VALUE.keys(), ...required]);
  return [...values].map(appRole);
}

/** How the consent page names a permission. */
export function permissionTitle(value: string): string {
  return appRole(value).displayName;
}

const DIRECTORY = 'Directory.Read.All';
const GROUPS = ['Group.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', DIRECTORY];
const MEMBERS = ['GroupMember.ReadBasic.All', 'GroupMember.Read.All', 'Group.Read.All', DIRECTORY];
const MAIL_BASIC = ['Mail.ReadBasic.All', 'Mail.ReadBasic', 'Mail.Read', 'Mail.ReadWrite'];
const MAIL = ['Mail.Read', 'Mail.ReadWrite'];
const APPLICATIONS = ['Application.Read.All', DIRECTORY];

/** Application permissions that open a route; any one of them is enough. */
const NEEDED: Record<string, readonly string[]> = {
  'domains.list': ['Domain.Read.All', DIRECTORY],
  'domains.get': ['Domain.Read.All', DIRECTORY],
  'organization.list': ['Organization.Read.All', 'User.Read.All', DIRECTORY],
  'users.list': ['User.ReadBasic.All', 'User.Read.All', DIRECTORY],
  'users.count': ['User.ReadBasic.All', 'User.Read.All', DIRECTORY],
  'users.get': ['User.ReadBasic.All', 'User.Read.All', DIRECTORY],
  'users.delta': ['User.Read.All', DIRECTORY],
  // "List a user's memberships (direct and transitive)"; what it shows of a role takes a permission for roles as well.
  'users.transitiveMemberOf': ['User.Read.All', 'Group.Read.All', 'GroupMember.Read.All', DIRECTORY],
  'groups.list': GROUPS,
  'groups.get': GROUPS,
  'groups.delta': GROUPS,
  'groups.members': MEMBERS,
  'groups.transitiveMembers': MEMBERS,
  'contacts.list': ['OrgContact.Read.All', DIRECTORY],
  'contacts.get': ['OrgContact.Read.All', DIRECTORY],
  'contacts.delta': ['OrgContact.Read.All', DIRECTORY],
  'deletedItems.users': ['User.Read.All', DIRECTORY],
  'deletedItems.groups': ['Group.Read.All', DIRECTORY],
  'servicePrincipals.list': APPLICATIONS,
  'servicePrincipals.get': APPLICATIONS,
  'servicePrincipals.appRoleAssignments': APPLICATIONS,
  'mailFolders.list': MAIL_BASIC,
  'mailFolders.get': MAIL_BASIC,
  'mailFolders.childFolders': MAIL_BASIC,
  'mailFolders.delta': MAIL_BASIC,
  'messages.list': MAIL_BASIC,
  'messages.delta': MAIL_BASIC,
  'messages.get': MAIL,
  'messages.value': MAIL,
  'mailboxSettings.get': ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
  'directoryObjects.getByIds': [DIRECTORY],
  translateExchangeIds: ['User.Read.All', DIRECTORY],
};

/** Whether the roles of a token open a route. */
export function permits(roles: ReadonlySet<string>, route: string): boolean {
  return NEEDED[route]?.some((permission) => roles.has(permission)) ?? true;
}
