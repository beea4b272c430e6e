import { z } from 'zod';
import { isLoopback } from './transport/loopback.ts';

/** Where one Microsoft cloud is reached: two origins without a path. */
export interface CloudRoots {
  /** Such as `https://login.microsoftonline.com`. */
  readonly login: string;
  /** Such as `https://graph.microsoft.com`. */
  readonly graph: string;
}

/** The clouds known by name. */
export type CloudName = 'global' | 'us_gov' | 'us_gov_dod' | 'china';

/** A cloud with what follows from its roots. */
export interface Cloud extends CloudRoots {
  /** What a bare name such as `contoso` is completed with; `undefined` where that is not documented. */
  readonly initialDomain: string | undefined;
}

// "National cloud deployments" of the Microsoft Graph documentation.
const clouds: Readonly<Record<CloudName, Cloud>> = {
  global: {
    login: 'https://login.microsoftonline.com',
    graph: 'https://graph.microsoft.com',
    initialDomain: 'onmicrosoft.com',
  },
  us_gov: {
    login: 'https://login.microsoftonline.us',
    graph: 'https://graph.microsoft.us',
    initialDomain: undefined,
  },
  us_gov_dod: {
    login: 'https://login.microsoftonline.us',
    graph: 'https://dod-graph.microsoft.us',
    initialDomain: undefined,
  },
  china: {
    login: 'https://login.partner.microsoftonline.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    initialDomain: undefined,
  },
};

const origin = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem = !url
    ? 'is not a URL'
    : url.username || url.password
      ? 'must not hold a user name or password'
      : url.pathname !== '/' || url.search || url.hash
        ? 'must be an origin, without path or query'
        : url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
          ? undefined
          : 'must begin with https:// (plain http only for 127.0.0.1, [::1] and localhost)';
  if (url && !problem) return url.origin;
  context.addIssue({ code: 'custom', message: problem ?? 'is not a URL' });
  return z.NEVER;
});

const roots = z.strictObject({ login: origin, graph: origin });

/** What the option `cloud` accepts. */
export const cloudSchema = z.unknown().transform((value, context): Cloud => {
  if (typeof value === 'string') {
    const known = Object.hasOwn(clouds, value) ? clouds[value as CloudName] : undefined;
    if (known) return known;
    context.addIssue({ code: 'custom', message: `must be one of ${Object.keys(clouds).join(', ')}` });
    return z.NEVER;
  }
  const pair = roots.safeParse(value);
  if (pair.success) return { ...pair.data, initialDomain: 'onmicrosoft.com' };
  for (const { path, message } of pair.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});
