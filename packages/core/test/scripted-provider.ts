import PQueue from 'p-queue';
import type {
  Change,
  DirectoryChange,
  DirectoryKind,
  Mailbox,
  MailFolder,
  MessageRef,
  Page,
  Permission,
  Provider,
  TokenWatcher,
} from '../src/index.ts';
import { ConnectorError } from '../src/index.ts';

/** A collection with deltas, as a service keeps it: changes in order, cursors that can be forgotten. */
export interface ChangeLog<T> {
  add(...changes: readonly T[]): void;
  /** Begins anew with these, and forgets all cursors. */
  replace(changes: readonly T[]): void;
  /** An item vanishes, and no delta tells. */
  lose(id: string): void;
  /** All cursors handed out so far are forgotten. */
  forgetCursors(): void;
  pages(cursor: string | undefined): AsyncIterable<Page<T>>;
  /** Everything that happened, in order. */
  readonly history: readonly T[];
  readonly reads: number;
}

export function createChangeLog<T>(pageSize = 3): ChangeLog<T> {
  const changes: T[] = [];
  const lost = new Set<number>();
  let epoch = 0;
  let reads = 0;
  return {
    add: (...more) => void changes.push(...more),
    replace(next) {
      changes.splice(0, changes.length, ...next);
      epoch++;
    },
    lose(id) {
      for (const [index, change] of changes.entries())
        if (JSON.stringify(change).includes(`"id":"${id}"`)) lost.add(index);
    },
    forgetCursors: () => void epoch++,
    history: changes,
    get reads() {
      return reads;
    },
    async *pages(cursor) {
      for (let next = cursor; ; ) {
        reads++;
        const [ofEpoch, from] = next === undefined ? [epoch, 0] : next.split(':').map(Number);
        if (ofEpoch !== epoch || from === undefined) throw new ConnectorError('cursor_expired', 'forgotten');
        const page = changes.slice(from, from + pageSize).filter((_, index) => !lost.has(from + index));
        const end = Math.min(from + pageSize, changes.length);
        next = `${epoch}:${end}`;
        const caughtUp = end >= changes.length;
        yield { changes: page, cursor: next, caughtUp };
        if (caughtUp) return;
      }
    },
  };
}

export interface ScriptedMailbox {
  readonly folders: Map<string, ChangeLog<Change<MessageRef>>>;
  readonly contents: Map<string, Uint8Array>;
}

export const mailPermission: Permission = {
  id: 'Mail.Read',
  title: 'Read mail',
  reason: 'To archive it.',
  capability: 'mail',
  required: true,
};

const TENANT = '0b8a7f0e-0000-4000-8000-000000000001';

/** One that the connection can do without. */
export const hiddenPermission: Permission = {
  id: 'Hidden.Read',
  title: 'Read hidden members',
  reason: 'To keep them.',
  capability: 'hidden_members',
  required: false,
};

/** A provider whose service is a few maps, for tests of the loops above it. */
export function scriptedProvider(permissions: readonly Permission[] = [mailPermission]) {
  const watchers = new Set<TokenWatcher>();
  // As many as a real service gives to a mailbox.
  const slots = new PQueue({ concurrency: 4 });
  const directory: Record<DirectoryKind, ChangeLog<DirectoryChange>> = {
    domain: createChangeLog(),
    user: createChangeLog(),
    contact: createChangeLog(),
    group: createChangeLog(),
  };
  const mailboxes = new Map<string, ScriptedMailbox>();
  const list = createChangeLog<Change<Mailbox>>();
  const service = {
    directory,
    mailboxes,
    /** Who is in a group, for `memberOf`. */
    memberships: new Map<string, readonly string[]>(),
    mayGrant: true as boolean | undefined,
    mayGrantByDirectory: true,
    granted: ['Mail.Read'] as readonly string[],
    pending: false,
    partial: undefined as readonly string[] | undefined,
    verifications: 0,
    /** Thrown by the next verifications and tokens. */
    refusal: undefined as ConnectorError | undefined,
    forgotten: [] as string[],
    /** Of contents: those asked for, and of these the requests that are under way. */
    asked: 0,
    mostAsked: 0,
    inFlight: 0,
    mostInFlight: 0,
    contentCalls: 0,
    /** Called before each answer; throw to fail it. */
    onContent: (_message: MessageRef): void | Promise<void> => {},
    onFolders: (_mailboxId: string): void => {},
    onDirectory: (_kind: DirectoryKind): void | Promise<void> => {},
    addMailbox(mailboxId: string, folders: Readonly<Record<string, number>> = {}) {
      const mailbox: ScriptedMailbox = { folders: new Map(), contents: new Map() };
      mailboxes.set(mailboxId, mailbox);
      list.add({
        type: 'upserted',
        item: { tenantId: TENANT, mailboxId, address: `${mailboxId}@contoso.com`, displayName: undefined },
      });
      for (const [folderId, count] of Object.entries(folders))
        service.addMessages(mailboxId, folderId, count);
      return mailbox;
    },
    /** Where all messages of a mailbox are now: what happened last holds. */
    placesOf(mailboxId: string) {
      const places = new Map<string, MessageRef>();
      for (const [folderId, { history }] of mailboxes.get(mailboxId)?.folders ?? [])
        for (const change of history)
          if (change.type === 'upserted') places.set(change.item.messageId, change.item);
          else if (places.get(change.id)?.folderId === folderId) places.delete(change.id);
      for (const [messageId, place] of service.moved) places.set(messageId, place);
      return { messages: [...places.values()] };
    },
    /** Messages of which the deltas do not tell where they are. */
    moved: new Map<string, MessageRef>(),
    lists: 0,
    removeMailbox(mailboxId: string) {
      list.add({ type: 'removed', id: mailboxId, reason: 'recoverable' });
    },
    addMessages(mailboxId: string, folderId: string, count: number) {
      const mailbox = mailboxes.get(mailboxId);
      if (!mailbox) throw new Error('no such mailbox');
      const log = mailbox.folders.get(folderId) ?? createChangeLog<Change<MessageRef>>(5);
      mailbox.folders.set(folderId, log);
      for (let index = 0; index < count; index++) {
        const messageId = `${mailboxId}-${folderId}-${mailbox.contents.size}`;
        mailbox.contents.set(messageId, new TextEncoder().encode(`Subject: ${messageId}\r\n\r\n`));
        log.add({
          type: 'upserted',
          item: { tenantId: TENANT, mailboxId, folderId, messageId, receivedAt: undefined },
        });
      }
    },
  };

  const provider = {
    id: 'scripted',
    permissions,
    credentialExpiresAt: undefined as number | undefined,
    async resolveTenant(input) {
      if (input === 'unknown') throw new ConnectorError('tenant_not_found', 'no such tenant');
      return { tenantId: input === 'contoso' ? TENANT : input, domain: input };
    },
    authorization: {
      signInUrl: (tenant, parameters) =>
        `https://login.example/${tenant.tenantId}/signin?${query(parameters)}`,
      async completeSignIn(tenant, { code }) {
        if (code !== 'good') throw new ConnectorError('attempt_invalid', 'bad code');
        return { tenantId: tenant.tenantId, personId: 'admin', mayGrant: service.mayGrant };
      },
      consentUrl: (tenant, parameters) =>
        `https://login.example/${tenant.tenantId}/consent?${query(parameters)}`,
      mayGrant: async () => service.mayGrantByDirectory,
    },
    async acquireToken(tenant) {
      for (const { before } of watchers) await before(tenant);
      const error = service.refusal;
      for (const { after } of watchers) await after(tenant, error ? { error } : { expiresAt: 5 });
      if (error) throw error;
      return { token: 'token', expiresAt: 5 };
    },
    watchTokens(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    forget: ({ tenantId }) => void service.forgotten.push(tenantId),
    async verify() {
      service.verifications++;
      if (service.refusal) throw service.refusal;
      if (service.pending) throw new ConnectorError('consent_pending', 'not yet');
      return {
        displayName: 'Contoso <Ltd>',
        granted: service.granted,
        missing: permissions.filter(({ id }) => !service.granted.includes(id)),
        unexpected: service.granted.filter((id) => !permissions.some((one) => one.id === id)),
        partial: service.partial,
      };
    },
    directory: {
      omissions: (granted) => (granted.includes('Hidden.Read') ? [] : [{ code: 'hidden', message: 'Some.' }]),
      async *changes(_tenant, kind, { cursor, ids, memberOf, onAnswer } = {}) {
        const wanted = memberOf?.flatMap((group) => service.memberships.get(group) ?? []) ?? ids;
        for await (const page of wanted ? only(directory[kind], wanted) : directory[kind].pages(cursor)) {
          onAnswer?.({ resourceUnits: 2 });
          await service.onDirectory(kind);
          yield page;
        }
      },
    },
    mail: {
      quota: { requests: 10, seconds: 1 },
      mailboxes: (_tenant, { cursor } = {}) => list.pages(cursor),
      async *folders({ tenantId, mailboxId }, { exclude = [] } = {}) {
        service.onFolders(mailboxId);
        const excluded: readonly string[] = exclude;
        const all = [...(mailboxes.get(mailboxId)?.folders ?? [])];
        const changes = all
          .filter(([folderId]) => !excluded.includes(folderId))
          .map(
            ([folderId, { history }]): Change<MailFolder> => ({
              type: 'upserted',
              item: {
                tenantId,
                mailboxId,
                folderId,
                displayName: folderId,
                parentId: undefined,
                hidden: false,
                itemCount: history.length,
              },
            }),
          );
        yield { changes, cursor: undefined, caughtUp: true };
      },
      messages({ mailboxId, folderId }, { cursor } = {}) {
        const log = mailboxes.get(mailboxId)?.folders.get(folderId);
        if (!log) throw new ConnectorError('gone', 'no such folder');
        return log.pages(cursor);
      },
      async *list({ mailboxId, folderId }) {
        service.lists++;
        const { messages } = service.placesOf(mailboxId);
        const changes = messages
          .filter((message) => message.folderId === folderId)
          .map((item) => ({ type: 'upserted', item }) as const);
        // In pages of two, the last one perhaps empty.
        for (let from = 0; from < changes.length; from += 2)
          yield { changes: changes.slice(from, from + 2), cursor: `${from}`, caughtUp: false };
        yield { changes: [], cursor: undefined, caughtUp: true };
      },
      async locate({ mailboxId, messageId }) {
        return service.placesOf(mailboxId).messages.find((message) => message.messageId === messageId);
      },
      content(message) {
        service.mostAsked = Math.max(service.mostAsked, ++service.asked);
        return slots
          .add(async () => {
            service.contentCalls++;
            service.mostInFlight = Math.max(service.mostInFlight, ++service.inFlight);
            await service.onContent(message);
            await new Promise((resolve) => setImmediate(resolve));
            const content = mailboxes.get(message.mailboxId)?.contents.get(message.messageId);
            if (!content) throw new ConnectorError('gone', 'no such message');
            return new Blob([Uint8Array.from(content)]).stream();
          })
          .finally(() => {
            service.inFlight--;
            service.asked--;
          });
      },
    },
  } satisfies Provider;
  return { provider, service };
}

/** Some entries as they now are, groups with all their members. */
async function* only(
  log: ChangeLog<DirectoryChange>,
  ids: readonly string[],
): AsyncIterable<Page<DirectoryChange>> {
  const found = new Map<string, DirectoryChange>();
  for (const change of log.history) {
    const id = change.type === 'removed' ? change.id : change.item.id;
    const before = found.get(id);
    found.set(id, change);
    if (change.type === 'removed' || change.item.kind !== 'group') continue;
    const known =
      before?.type === 'upserted' && before.item.kind === 'group' ? before.item.members.added : [];
    const { members } = change.item;
    const added = [...known, ...members.added].filter((member) => !members.removed.includes(member.id));
    found.set(id, { type: 'upserted', item: { ...change.item, members: { added, removed: [] } } });
  }
  const changes = [...found].flatMap(([id, change]) => (ids.includes(id) ? [change] : []));
  yield { changes, cursor: undefined, caughtUp: true };
}

const query = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters).toString();
