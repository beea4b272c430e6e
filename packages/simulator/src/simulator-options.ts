import type { AppRegistration } from './app-registration.ts';
import type { Clock } from './clock.ts';
import type { TenantPolicy } from './directory/tenant-policy.ts';
import type { Scenario } from './scenario/scenario.ts';

/** What {@link createSimulator} can be told. Everything has a default. */
export interface SimulatorOptions {
  /** Same seed: same tenants, same ids, same message bytes. @default 1 */
  readonly seed?: number;
  /** Where the time comes from. @default the clock of the machine */
  readonly clock?: Clock;
  /** Milliseconds added to every answer of Graph. @default 0 */
  readonly latencyMs?: number;
  /** Origin of the sign-in service. @default 'https://login.microsoftonline.com' */
  readonly loginOrigin?: string;
  /** Origin of Microsoft Graph. @default 'https://graph.microsoft.com' */
  readonly graphOrigin?: string;
  /** The app registration that asks for consent and tokens. */
  readonly app?: Partial<AppRegistration>;
  /** The tenants that exist. @default one tenant named 'contoso' */
  readonly tenants?: readonly TenantSeed[];
  /** Milliseconds after consent until tokens carry the roles that were granted. @default 0 */
  readonly propagationMs?: number;
  /** The limits that are enforced, or false for none. */
  readonly limits?: Partial<Limits> | false;
  /** How often the simulator does what Microsoft's documents allow and clients forget. */
  readonly quirks?: Partial<Quirks>;
  /** What goes wrong from the start on. @default nothing */
  readonly scenario?: Scenario;
}

/** A tenant to make: its people, groups, mailboxes and messages follow from the seed. */
export interface TenantSeed {
  /** Short name; the initial domain is `<name>.onmicrosoft.com`. */
  readonly name: string;
  /** @default the name with a capital letter */
  readonly displayName?: string;
  /** Users in all: people, shared mailboxes, rooms, guests and accounts without a mailbox. @default 12 */
  readonly users?: number;
  /** Mean number of messages in a mailbox. @default 40 */
  readonly messagesPerUser?: number;
  /** How unequal mailboxes are: the sigma of a log-normal factor; 0 makes them equal. @default 0.8 */
  readonly skew?: number;
  /** Verified custom domains. @default `<name>.com` */
  readonly domains?: readonly string[];
  /** Groups in all, nine fixed ones of every kind included. @default 9, or one for every ten users */
  readonly groups?: number;
  /**
   * Direct members of all groups together: the nine fixed ones take theirs, and the others share what is left.
   * @default 2 to 21 for each of the others
   */
  readonly memberships?: number;
  /** Sizes of the generated messages, log-normal. @default median 6,144 bytes, sigma 1.354, at most 25 MB */
  readonly messageSize?: Partial<MessageSize>;
  /** Size in bytes of one extra message, the first one of the first mailbox; it is never held in memory. */
  readonly hugeMessageBytes?: number;
  /** Mail from disk in place of generated mail: a folder of .eml files, or one mbox file, dealt round-robin. */
  readonly mail?: { readonly directory: string } | { readonly mbox: string };
  /** Whether the administrator has consented already. @default false */
  readonly consented?: boolean;
  /** @default no consent workflow; a session is enough for a silent sign-in */
  readonly policy?: Partial<TenantPolicy>;
}

/** A log-normal distribution of message sizes, in bytes. */
export interface MessageSize {
  readonly medianBytes: number;
  readonly sigma: number;
  readonly maxBytes: number;
}

/** The limits, with the numbers of "Microsoft Graph service-specific throttling limits" as defaults. */
export interface Limits {
  /** Requests per app and mailbox in the window ("Outlook service limits"). @default 10000 */
  readonly mailboxRequests: number;
  /** Length of that window in seconds. @default 600 */
  readonly mailboxWindowSeconds: number;
  /** Requests in flight per app and mailbox ("Outlook service limits"). @default 4 */
  readonly mailboxConcurrency: number;
  /** ResourceUnits per app and tenant in 10 s ("Identity and access"). @default by size: 3500, 5000, 8000 */
  readonly directoryUnits?: number;
  /** Requests per app over all tenants in 10 s. @default 130000 */
  readonly globalRequests: number;
  /** What 429 answers say: the truth, a constant 1 (reported by users), or nothing (reported too). @default 'honest' */
  readonly retryAfter: 'honest' | 'one' | 'missing';
}

/** Behaviour that is allowed by the documents but rarely met; shares are in [0, 1] and seeded. */
export interface Quirks {
  /** Share of delta pages that come empty and with a nextLink. @default 0.02 */
  readonly emptyPages: number;
  /** Share of delta pages that begin with the last row of the page before. @default 0.02 */
  readonly repeatedRows: number;
  /** Share of pages of a message delta that bring everything from the beginning of the folder again. @default 0 */
  readonly replays: number;
  /** Most messages in a page of a delta; the real maximum is not published. @default 1000 */
  readonly messagePage: number;
  /** Whether `mailFolders/delta` lists hidden folders (not documented). @default false */
  readonly hiddenFoldersInDelta: boolean;
  /** Rows in one page of a directory delta; the real size is not promised. @default 200 */
  readonly directoryPage: number;
  /**
   * How a refused consent comes back: `byVersion` as seen for v2 and as documented, with `admin_consent`, for v1;
   * `documentedV2` and `documentedV1` to the letter; `seen` with `error_uri` and a bare fragment; `subcode` as seen too,
   * with `error_subcode=cancel` and no description. @default 'byVersion'
   */
  readonly consentRefusal: 'byVersion' | 'documentedV2' | 'documentedV1' | 'seen' | 'subcode';
  /** Whether the state comes back with "Sign in to your account" behind it, as was reported. @default false */
  readonly alteredState: boolean;
  /** Whether `wids` holds roles that are eligible and not active (not documented). @default false */
  readonly eligibleRolesInWids: boolean;
}

/** @internal Options with every default filled in. */
export interface Settings {
  readonly seed: number;
  readonly latencyMs: number;
  readonly loginOrigin: string;
  readonly graphOrigin: string;
  propagationMs: number;
  readonly limits: Limits | false;
  quirks: Quirks;
}

/** @internal Fills in the defaults; origins are reduced to what a URL calls its origin. */
export function settingsOf(options: SimulatorOptions): Settings {
  return {
    seed: options.seed ?? 1,
    latencyMs: options.latencyMs ?? 0,
    loginOrigin: new URL(options.loginOrigin ?? 'https://login.microsoftonline.com').origin,
    graphOrigin: new URL(options.graphOrigin ?? 'https://graph.microsoft.com').origin,
    propagationMs: options.propagationMs ?? 0,
    limits:
      options.limits === false
        ? false
        : {
            mailboxRequests: 10_000,
            mailboxWindowSeconds: 600,
            mailboxConcurrency: 4,
            globalRequests: 130_000,
            retryAfter: 'honest',
            ...options.limits,
          },
    quirks: {
      emptyPages: 0.02,
      repeatedRows: 0.02,
      replays: 0,
      messagePage: 1_000,
      hiddenFoldersInDelta: false,
      directoryPage: 200,
      consentRefusal: 'byVersion',
      alteredState: false,
      eligibleRolesInWids: false,
      ...options.quirks,
    },
  };
}
