/** Directory roles by role template id ("Microsoft Entra built-in roles"). */
export const ROLES = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  privilegedRoleAdministrator: 'e8611ab8-c189-46e8-94e1-60213ab1f814',
  cloudApplicationAdministrator: '158c047a-c907-4556-b7ef-446551a6b5f7',
  applicationAdministrator: '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
  globalReader: 'f2ef992c-3afb-46b9-b7cf-a126ee74c451',
} as const;

const NAMES: Record<string, string> = {
  [ROLES.globalAdministrator]: 'Global Administrator',
  [ROLES.privilegedRoleAdministrator]: 'Privileged Role Administrator',
  [ROLES.cloudApplicationAdministrator]: 'Cloud Application Administrator',
  [ROLES.applicationAdministrator]: 'Application Administrator',
  [ROLES.globalReader]: 'Global Reader',
};

/** The English name of a role. */
export function roleName(roleTemplateId: string): string {
  return NAMES[roleTemplateId] ?? 'Custom role';
}

/** Whether a role may consent to application permissions of Microsoft Graph: only two may ("Grant tenant-wide admin consent"). */
export function mayConsent(roles: readonly string[]): boolean {
  return roles.some(
    (role) => role === ROLES.globalAdministrator || role === ROLES.privilegedRoleAdministrator,
  );
}
