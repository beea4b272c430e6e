/** What is known to be secret in this process, and what looks like it wherever it comes from. */
export interface Secrets {
  /** @param kind Such as `a client secret`: what a report says in the place of the value. */
  learn(kind: string, value: string | Uint8Array): void;
  /** The kinds of secret that the text holds. */
  find(text: string): readonly string[];
}

// Below it a word of a test, such as `good`, would be found everywhere.
const SHORTEST = 12;
const SHORTEST_TOKEN = 7;
// Enough to be unique, and short enough to find what was cut off.
const NEEDLE = 32;

const looks: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/, 'a signed token'],
  [/\b(?:Bearer|Basic) (?!token|authentication)[\w~+/.-]{7,}=*/, 'an Authorization header'],
  // The form of those that Entra makes.
  [/(?<![\w.~-])[\w.~-]{3}8Q~[\w.~-]{34}/, 'a client secret'],
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, 'a private key'],
  [/\b(?:client_secret|client_assertion|access_token|code_verifier)=[^&\s"]/, 'the form of a token request'],
];

export function createSecrets(): Secrets {
  const needles = new Map<string, string>();

  return {
    learn(kind, value) {
      for (const spelling of spellingsOf(value)) {
        if (spelling.length < (kind.endsWith(' token') ? SHORTEST_TOKEN : SHORTEST)) continue;
        needles.set(spelling.slice(0, NEEDLE), kind);
      }
    },
    find(text) {
      const kinds = new Set<string>();
      for (const [needle, kind] of needles) if (!kinds.has(kind) && holds(text, needle)) kinds.add(kind);
      for (const [look, kind] of looks) if (look.test(text)) kinds.add(kind);
      return [...kinds];
    },
  };
}

/** A short needle counts as a word of its own only: `token-1` is not in `token-12`. */
function holds(text: string, needle: string): boolean {
  if (needle.length >= SHORTEST) return text.includes(needle);
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
    if (!/\w/.test(text[at - 1] ?? ' ') && !/\w/.test(text[at + needle.length] ?? ' ')) return true;
  return false;
}

function spellingsOf(value: string | Uint8Array): readonly string[] {
  if (typeof value !== 'string')
    return (['base64url', 'base64', 'hex'] as const).map((encoding) => Buffer.from(value).toString(encoding));
  // Its first and last lines are the same in every key.
  if (value.includes('-----BEGIN')) return value.split('\n').filter((line) => !line.includes('-----'));
  // The header is the same in many tokens, and the rest may come without it.
  if (value.startsWith('eyJ')) return value.split('.');
  return [
    value,
    encodeURIComponent(value),
    new URLSearchParams({ '': value }).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('hex'),
  ];
}
