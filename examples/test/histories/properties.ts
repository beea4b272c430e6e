import type { DirectoryUser } from '@mailsphere/simulator';

export type Plan = 'none' | 'Enabled' | 'Warning' | 'Suspended' | 'other service';

export interface Mail {
  readonly mail: string | null;
  readonly proxyAddresses: readonly string[];
}

// Few, so that they wander between people.
const ALIASES = [
  'smtp:info@contoso.com',
  'smtp:Sales@Contoso.com',
  'smtp:it@contoso.onmicrosoft.com',
  'SIP:it@contoso.com',
  'x500:/o=ExchangeLabs/cn=Recipients/cn=1',
  'smtp:jobs@contoso.com',
];

/** Addresses as a tenant has them: all of them typed, or one that the object names, or none. */
export function mailOf(primary: string | undefined, aliases: readonly number[]): Mail {
  if (primary === undefined && aliases.length === 0) return { mail: null, proxyAddresses: [] };
  const mail = `${primary ?? 'only'}@contoso.com`;
  const others = new Set(aliases.flatMap((alias) => ALIASES[alias % ALIASES.length] ?? []));
  // Some have no typed addresses at all, only one that the object names.
  if (primary === undefined) return { mail: others.size > 1 ? mail : null, proxyAddresses: [] };
  return { mail, proxyAddresses: [`SMTP:${mail}`, ...others] };
}

/** The plans of a user who has just this one. */
export function plansOf(plan: Plan): DirectoryUser['assignedPlans'] {
  if (plan === 'none') return [];
  const other = plan === 'other service';
  return [
    {
      assignedDateTime: '2026-01-01T00:00:00Z',
      capabilityStatus: other ? 'Enabled' : plan,
      service: other ? 'SharePoint' : 'exchange',
      servicePlanId: '00000000-0000-0000-0000-000000000001',
    },
  ];
}
