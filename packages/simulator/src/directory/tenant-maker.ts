import { createGeneratedMail } from '../mail/generated-mail.ts';
import { createFileMail, listMailFolder, listMbox, type MailFile } from '../mail/mail-files.ts';
import type { MailSource } from '../mail/mail-source.ts';
import { createMailbox, type Mailbox } from '../mail/mailbox.ts';
import { parseMimeHeader } from '../mail/mime-header.ts';
import type { TextPool } from '../mail/text-pool.ts';
import { createRandom } from '../random.ts';
import type { TenantSeed } from '../simulator-options.ts';
import { makeGroups } from './group-plan.ts';
import { populate } from './population.ts';
import { createTenant, type Tenant } from './tenant.ts';
import { tenantPolicy } from './tenant-policy.ts';
import type { DirectoryUser } from './user.ts';

/** Makes a tenant from its seed. Mailboxes are made when they are first asked for. */
export function makeTenant(seed: number, tenant: TenantSeed, pool: TextPool): Tenant {
  const random = createRandom(seed, tenant.name, 'tenant');
  const people = populate(seed, tenant);
  const ordinals = new Map<string, number>();
  for (const user of people.users) if (user.mailbox !== 'none') ordinals.set(user.id, ordinals.size);
  const files = filesOf(tenant);

  const openMailbox = (user: DirectoryUser): Mailbox => {
    const ordinal = ordinals.get(user.id);
    const generated = ordinal === undefined ? 0 : messageCount(seed, tenant, user.id);
    const huge = ordinal === 0 && files === undefined ? tenant.hugeMessageBytes : undefined;
    const dealt =
      files === undefined || ordinal === undefined ? undefined : share(files.length, ordinal, ordinals.size);
    const count = dealt ?? generated + (huge === undefined ? 0 : 1);
    return createMailbox({
      seed,
      id: user.id,
      count,
      parse: parseMimeHeader,
      source: ({ receivedAt, exactSize }) => {
        const made = createGeneratedMail({
          seed,
          mailboxId: user.id,
          owner: { name: user.displayName, address: user.mail ?? user.userPrincipalName },
          size: { medianBytes: 6_144, sigma: 1.354, maxBytes: 26_214_400, ...tenant.messageSize },
          pool,
          receivedAt,
          exactSize: (number) => (huge !== undefined && number === 0 ? huge : exactSize(number)),
        });
        if (files === undefined || ordinal === undefined) return made;
        return either(createFileMail(files, ordinal, ordinals.size), made, count);
      },
    });
  };

  return createTenant({
    id: random.guid(),
    name: tenant.name,
    displayName: tenant.displayName ?? tenant.name.charAt(0).toUpperCase() + tenant.name.slice(1),
    domainRecords: people.domains,
    accounts: people.accounts,
    users: people.users,
    groups: makeGroups(seed, tenant, people),
    contacts: people.contacts,
    servicePrincipal: { id: random.guid(), state: 'absent', accountEnabled: true, grants: new Map() },
    graphPrincipalId: random.guid(),
    policy: tenantPolicy(tenant.policy),
    openMailbox,
  });
}

function filesOf(tenant: TenantSeed): readonly MailFile[] | undefined {
  if (tenant.mail === undefined) return undefined;
  const files =
    'directory' in tenant.mail ? listMailFolder(tenant.mail.directory) : listMbox(tenant.mail.mbox);
  if (files.length === 0) throw new RangeError(`There is no mail in ${Object.values(tenant.mail).join()}.`);
  return files;
}

/** How many of all files a mailbox gets when they are dealt round-robin. */
function share(files: number, ordinal: number, mailboxes: number): number {
  return Math.max(0, Math.ceil((files - ordinal) / mailboxes));
}

function messageCount(seed: number, tenant: TenantSeed, userId: string): number {
  const mean = tenant.messagesPerUser ?? 40;
  const sigma = tenant.skew ?? 0.8;
  const factor = Math.exp(sigma * createRandom(seed, userId, 'count').normal() - (sigma * sigma) / 2);
  return Math.round(mean * factor);
}

/** The first messages from one source, those that were added later from another. */
function either(first: MailSource, later: MailSource, count: number): MailSource {
  const at = (number: number) => (number < count ? first : later);
  return {
    size: (number) => at(number).size(number),
    header: (number) => at(number).header(number),
    preview: (number) => at(number).preview(number),
    chunks: (number) => at(number).chunks(number),
  };
}
