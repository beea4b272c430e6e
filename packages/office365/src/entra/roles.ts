// "Grant tenant-wide admin consent" and "Microsoft Entra built-in roles": only these two can grant application
// permissions of Microsoft Graph. Application administrators cannot.
const granting: ReadonlySet<string> = new Set([
  '62e90394-69f5-4237-9190-012177145e10', // Global Administrator
  'e8611ab8-c189-46e8-94e1-60213ab1f814', // Privileged Role Administrator
]);

/** Whether one of these role template ids may grant what the connector asks for. */
export const mayGrantRoles = (templateIds: readonly string[]): boolean =>
  templateIds.some((id) => granting.has(id.toLowerCase()));
