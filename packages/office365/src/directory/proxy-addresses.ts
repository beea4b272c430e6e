import type { EmailAddress } from '@mailsphere/core';

type TypedAddresses = readonly string[] | null | undefined;

/**
 * The SMTP addresses among the typed ones of a directory object, each once, the primary one first. What can be no address is left out.
 *
 * @param mail What the object names as its address: the only one where no typed ones are given.
 */
export function emailAddresses(
  proxyAddresses: TypedAddresses,
  mail: string | null | undefined,
): readonly EmailAddress[] {
  const found = new Map<string, EmailAddress>();
  const add = (text: string, primary: boolean) => {
    const address = text.trim();
    const key = address.toLowerCase();
    const domain = domainOf(key);
    if (domain && (primary || !found.has(key))) found.set(key, { address, domain, primary });
  };
  // Upper case marks the primary address.
  for (const { type, value } of parts(proxyAddresses)) if (isSmtp(type)) add(value, type === 'SMTP');
  const known = [...found.values()];
  if (
    mail &&
    !known.some(({ primary }) => primary) &&
    (known.length === 0 || found.has(mail.trim().toLowerCase()))
  )
    add(mail, true);
  return [...found.values()].sort((a, b) => Number(b.primary) - Number(a.primary));
}

/** The addresses of other kinds (SIP, X500 and so on), as written, each once. */
export const otherAddresses = (proxyAddresses: TypedAddresses): readonly string[] => [
  ...new Set(
    parts(proxyAddresses)
      .filter(({ type, value }) => type && value && !isSmtp(type))
      .map(({ typed }) => typed),
  ),
];

/** Documents write a blank after the colon, where the service itself writes none. */
const parts = (proxyAddresses: TypedAddresses) =>
  (proxyAddresses ?? []).map((typed) => {
    const colon = typed.indexOf(':');
    return { typed, type: typed.slice(0, Math.max(0, colon)).trim(), value: typed.slice(colon + 1).trim() };
  });

const isSmtp = (type: string) => type.toLowerCase() === 'smtp';

/** Empty for what is no address. */
function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at > 0 ? address.slice(at + 1) : '';
}
