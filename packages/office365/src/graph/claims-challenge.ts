const LONGEST_HEADER = 16_384;
const LONGEST_CLAIMS = 8_192;

// RFC 9110, 11.3 and 11.6.1: challenges and their parameters are both parted by commas.
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")(?=[ \\t]*(?:,|$))`,
  'y',
);
const SCHEME = new RegExp(`(${TOKEN})(?:[ \\t]+|(?=,|$))`, 'y');
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const SEPARATOR = /[ \t,]*/y;

interface Challenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/**
 * The claims that a token must carry, as the JSON of a claims request, when the header `WWW-Authenticate` of a 401 says
 * that those of the token are insufficient ("Claims challenges, claims requests and client capabilities").
 * `undefined` for anything else, and for what is not written as documented.
 */
export function claimsOf(header: string | null): string | undefined {
  if (header === null || header.length > LONGEST_HEADER) return undefined;
  const demand = challengesOf(header)?.find(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.get('error') === 'insufficient_claims',
  );
  return decode(demand?.parameters.get('claims') ?? '');
}

function challengesOf(header: string): readonly Challenge[] | undefined {
  const challenges: Challenge[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(header) ?? undefined;
    if (found) position = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(SEPARATOR);
    if (position === header.length) return challenges;
    const current = challenges.at(-1);
    const [, name, plain, quoted] = (current && take(PARAMETER)) ?? [];
    if (current && name !== undefined) {
      const key = name.toLowerCase();
      if (current.parameters.has(key)) return undefined;
      current.parameters.set(key, plain ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? '');
      continue;
    }
    const scheme = take(SCHEME)?.[1]?.toLowerCase();
    if (scheme === undefined) return undefined;
    challenges.push({ scheme, parameters: new Map() });
    // Other schemes may bring a blob in place of parameters.
    if (scheme !== 'bearer') take(TOKEN68);
  }
}

function decode(claims: string): string | undefined {
  if (claims.length > LONGEST_CLAIMS || !/^[A-Za-z0-9+/]+={0,2}$/.test(claims) || claims.length % 4 !== 0)
    return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(claims, 'base64'));
    const { access_token: wanted } = JSON.parse(text);
    // What is wanted of other tokens is nothing that an application without a person could bring.
    return isObject(wanted) ? JSON.stringify({ access_token: wanted }) : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
