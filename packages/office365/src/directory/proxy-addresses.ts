import type { EmailAddress } from '@mailsphere/core';

/**
 * The SMTP addresses among the typed ones of a directory object, each once, the primary one first.
 *
 * @param mail What the object names as its address: the only one where no typed ones are given.
 */
export function emailAddresses(
  proxyAddresses: readonly string[] | null | undefined,
  mail: string | null | undefined,
): readonly EmailAddress[] {
  const found = new Map<string, EmailAddress>();
  const add = (text: string, primary: boolean) => {
    const address = text.trim();
    const key = address.toLowerCase();
    if (address && (primary || !found.has(key))) found.set(key, { address, primary });
  };
  for (const typed of proxyAddresses ?? []) {
    const colon = typed.indexOf(':');
    const type = typed.slice(0, colon);
    // Upper case marks the primary address; SIP, X500 and others are no mail addresses.
    if (type.toLowerCase() === 'smtp') add(typed.slice(colon + 1), type === 'SMTP');
  }
  const known = [...found.values()];
  if (
    mail &&
    !known.some(({ primary }) => primary) &&
    (known.length === 0 || found.has(mail.trim().toLowerCase()))
  )
    add(mail, true);
  return [...found.values()].sort((a, b) => Number(b.primary) - Number(a.primary));
}
