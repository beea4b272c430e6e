/** An organizational contact: somebody outside who stands in the address book. */
export interface Contact {
  readonly id: string;
  displayName: string;
  givenName?: string | null;
  surname?: string | null;
  mail: string | null;
  mailNickname: string;
  companyName?: string | null;
  proxyAddresses: readonly string[];
  deleted?: 'soft' | 'hard';
}

/** What a list of contacts returns without `$select`. */
export const DEFAULT_CONTACT_PROPERTIES = [
  'id',
  'displayName',
  'givenName',
  'surname',
  'mail',
  'mailNickname',
  'companyName',
  'proxyAddresses',
] as const;
