import { domainToASCII } from 'node:url';
import { ConnectorError } from '@mailsphere/core';
import { isGuid, personalAccounts } from './tenant-id.ts';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const RESERVED = new Set(['common', 'organizations', 'consumers', personalAccounts]);

/**
 * What an administrator typed, as a GUID or a domain name in lower case.
 *
 * @param initialDomain Completes a bare name such as `contoso`.
 * @throws ConnectorError `invalid_request`
 */
export function parseTenantInput(input: string, initialDomain: string | undefined): string {
  const typed = input.trim().toLowerCase();
  if (isGuid(typed) && !RESERVED.has(typed)) return typed;
  const invalid = (problem: string) => invalidTenant(problem, initialDomain !== undefined);
  if (RESERVED.has(typed)) throw invalid('stands for no tenant of its own');
  // Only letters of other scripts are converted: what else a URL parser would repair must not pass as a domain.
  const ascii = /^[\p{L}\p{M}\p{N}.-]+$/u.test(typed) ? domainToASCII(typed) : '';
  const labels = ascii.split('.');
  if (ascii.length > 253 || !labels.every((label) => LABEL.test(label))) throw invalid('is neither');
  if (labels.length > 1) return ascii;
  if (initialDomain === undefined) throw invalid('is a bare name, which this cloud does not know');
  return `${ascii}.${initialDomain}`;
}

const invalidTenant = (problem: string, mayBeBare: boolean) =>
  new ConnectorError(
    'invalid_request',
    `The tenant must be a domain such as contoso.com, ${mayBeBare ? 'a bare name such as contoso, ' : ''}or the tenant's id; what was given ${problem}.`,
    { field: 'tenant' },
  );
