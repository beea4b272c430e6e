import { createHash } from 'node:crypto';
import type { MessageRef, Provider } from '@mailsphere/core';
import { startServer } from '@mailsphere/simulator/server';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { office365 } from '../src/index.ts';
import { browse, house, redirectUri, signIn } from './house.ts';
import { collect, failure } from './wire.ts';

describe('connecting', () => {
  it('an administrator finds the tenant, signs in, consents, and the grant is seen', async () => {
    const { simulator, provider, tenant, ref } = house();
    for (const typed of [tenant.name, tenant.domains[0] ?? '', tenant.domains.at(-1) ?? '', tenant.id])
      expect(await provider.resolveTenant(typed)).toMatchObject(ref);
    expect(await failure(provider.resolveTenant('nobody.example'))).toMatchObject({
      code: 'tenant_not_found',
    });
    expect(await failure(provider.verify(ref))).toMatchObject({ code: 'consent_pending' });
    expect(await failure(provider.acquireToken(ref))).toMatchObject({ code: 'reauthorization_required' });

    const attempt = await signIn(simulator, provider, tenant.id, tenant.administrator.username);
    expect(await provider.authorization.completeSignIn(ref, attempt)).toMatchObject({
      ...ref,
      personId: tenant.administrator.id,
      mayGrant: true,
    });
    expect(await failure(provider.authorization.completeSignIn(ref, attempt))).toMatchObject({
      code: 'attempt_invalid',
    });

    const consent = provider.authorization.consentUrl(ref, { redirectUri, state: 'second' });
    const back = await browse(
      simulator,
      consent,
      { username: tenant.administrator.username },
      { decision: 'accept' },
    );
    expect(back.searchParams.get('error')).toBeNull();
    const grant = await provider.verify(ref);
    expect(grant).toMatchObject({ displayName: tenant.displayName, missing: [] });
    expect(grant.granted).toEqual([...simulator.app.requiredPermissions].sort());
  });

  it('who may not grant is told apart', async () => {
    const { simulator, provider, tenant, ref } = house({ tenants: [{ name: 'contoso', users: 40 }] });
    const { member, guest, privilegedRoleAdministrator, applicationAdministrator } = tenant.accounts;
    const complete = async (username: string) =>
      provider.authorization.completeSignIn(ref, await signIn(simulator, provider, tenant.id, username));
    if (member) expect(await complete(member.username)).toMatchObject({ mayGrant: false });
    if (applicationAdministrator)
      expect(await complete(applicationAdministrator.username)).toMatchObject({ mayGrant: false });
    if (privilegedRoleAdministrator)
      expect(await complete(privilegedRoleAdministrator.username)).toMatchObject({ mayGrant: true });
    if (guest) expect(await failure(complete(guest.username))).toMatchObject({ code: 'consent_refused' });

    simulator.updateApp({ groupMembershipClaims: 'None', acct: false });
    simulator.grantConsent(tenant.id, [
      ...simulator.app.requiredPermissions,
      'RoleManagement.Read.Directory',
    ]);
    const person = await complete(tenant.administrator.username);
    expect(person.mayGrant).toBeUndefined();
    expect(await provider.authorization.mayGrant(person)).toBe(true);
    if (member) {
      const other = await complete(member.username);
      expect(await provider.authorization.mayGrant(other)).toBe(false);
    }
    if (guest) {
      const other = await complete(guest.username);
      expect(await failure(provider.authorization.mayGrant(other))).toMatchObject({
        code: 'consent_refused',
      });
    }
  });

  it('an administrator whose role nobody tells is not taken for one without it: the operator learns what to set', async () => {
    const { simulator, provider, tenant, ref } = house({ app: { groupMembershipClaims: 'None' } });
    simulator.grantConsent(tenant.id);
    const attempt = await signIn(simulator, provider, tenant.id, tenant.administrator.username);
    const person = await provider.authorization.completeSignIn(ref, attempt);
    const error = await failure(provider.authorization.mayGrant(person));
    expect(error).toMatchObject({ code: 'permission_missing' });
    expect(error.message).toContain('groupMembershipClaims');
  });

  it('a grant that is withdrawn in part is seen, and one that is on its way is waited for', async () => {
    const { simulator, provider, tenant, ref, clock } = house({ propagationMs: 30_000 });
    simulator.grantConsent(tenant.id);
    expect(await failure(provider.verify(ref))).toMatchObject({ code: 'consent_pending' });
    await clock.advance(60_000);
    await provider.verify(ref);
    simulator.revokeGrant(tenant.id, 'Mail.Read');
    expect((await provider.verify(ref)).missing).toMatchObject([{ id: 'Mail.Read' }]);
    simulator.deleteServicePrincipal(tenant.id);
    expect(await failure(provider.acquireToken(ref, { fresh: true }))).toMatchObject({
      code: 'reauthorization_required',
    });
  });

  it('a certificate works as well as a secret, and a secret that ended is the operator’s matter', async () => {
    const pair = await generate([{ name: 'commonName', value: 'connector' }], { keySize: 2048 });
    const app = { certificates: [{ certificatePem: pair.cert }] };
    const certificate = { privateKey: pair.private, certificate: pair.cert };
    const { simulator, provider, tenant, ref } = house({ app }, { credential: { certificate } });
    simulator.grantConsent(tenant.id);
    await provider.verify(ref);
    const attempt = await signIn(simulator, provider, tenant.id, tenant.administrator.username);
    await provider.authorization.completeSignIn(ref, attempt);

    const other = house({ tenants: [{ name: 'contoso', consented: true }] });
    other.simulator.expireSecret();
    expect(await failure(other.provider.acquireToken(other.ref))).toMatchObject({
      code: 'credential_invalid',
    });
  });
});

describe('the directory', () => {
  const tenants = [{ name: 'contoso', users: 60, consented: true }];

  it('comes whole, and then what changed', async () => {
    const { simulator, provider, tenant, ref } = house({ tenants });
    const read = async (kind: 'domain' | 'user' | 'group', cursor?: string) => {
      const pages = await collect(provider.directory.changes(ref, kind, { cursor }));
      const changes = pages.flatMap((page) => page.changes);
      return { cursor: pages.at(-1)?.cursor, changes, caughtUp: pages.at(-1)?.caughtUp };
    };
    const idsOf = (changes: readonly { type: string; item?: { id: string }; id?: string }[]) =>
      new Set(changes.map((change) => change.item?.id ?? change.id));

    const domains = await read('domain');
    expect(idsOf(domains.changes)).toEqual(new Set(tenant.domainRecords.map(({ id }) => id.toLowerCase())));
    const users = await read('user');
    for (const { id } of tenant.users) expect(idsOf(users.changes).has(id)).toBe(true);
    const groups = await read('group');
    for (const { id } of tenant.groups) expect(idsOf(groups.changes).has(id)).toBe(true);
    const members = new Map<string, Set<string>>();
    for (const change of groups.changes)
      if (change.type === 'upserted' && change.item.kind === 'group') {
        const known = members.get(change.item.id) ?? new Set();
        members.set(change.item.id, known);
        for (const { id } of change.item.members.added) known.add(id);
        for (const id of change.item.members.removed) known.delete(id);
      }
    expect([...members.values()].some((known) => known.size > 0)).toBe(true);

    const added = simulator.addUser(tenant.id, { nickname: 'newcomer' });
    const later = await read('user', users.cursor);
    expect(idsOf(later.changes)).toEqual(new Set([added.id]));
    simulator.removeUser(tenant.id, added.id);
    expect((await read('user', later.cursor)).changes).toContainEqual({
      type: 'removed',
      id: added.id,
      reason: 'recoverable',
    });
    simulator.expireTokens(tenant.id, 'directory');
    expect(await failure(read('user', later.cursor))).toMatchObject({ code: 'cursor_expired' });
  });
});

describe('the mail', () => {
  const tenants = [{ name: 'contoso', users: 12, messagesPerUser: 30, consented: true }];

  async function everything(provider: Provider, tenantId: string) {
    const found = new Map<string, MessageRef>();
    let missing = 0;
    for await (const { changes } of provider.mail.mailboxes({ tenantId }))
      for (const mailbox of changes) {
        if (mailbox.type !== 'upserted') continue;
        const folders = await collect(provider.mail.folders(mailbox.item)).catch((error) => {
          expect(error).toMatchObject({ code: 'mailbox_not_found' });
          missing++;
          return [];
        });
        for (const folder of folders.flatMap((page) => page.changes))
          if (folder.type === 'upserted')
            for await (const page of provider.mail.messages(folder.item))
              for (const message of page.changes)
                if (message.type === 'upserted')
                  found.set(`${message.item.mailboxId}/${message.item.messageId}`, message.item);
      }
    return { found, missing };
  }

  it('is found whole, and comes byte for byte', async () => {
    const { simulator, provider, tenant, clock } = house({ tenants });
    const { found } = await clock.run(everything(provider, tenant.id));
    const manifest = [...simulator.manifest(tenant)];
    const listed = new Set(manifest.map(({ mailboxId, messageId }) => `${mailboxId}/${messageId}`));
    expect(new Set(found.keys())).toEqual(listed);
    const wrong: string[] = [];
    for (const entry of manifest) {
      const message = found.get(`${entry.mailboxId}/${entry.messageId}`);
      if (!message) continue;
      const hash = createHash('sha256');
      for await (const chunk of await clock.run(provider.mail.content(message))) hash.update(chunk);
      if (hash.digest('hex') !== entry.sha256 || message.folderId !== entry.folderId)
        wrong.push(entry.messageId);
    }
    expect(wrong).toEqual([]);
    expect(manifest.length).toBeGreaterThan(100);
    expect(simulator.counts.maxInFlight).toBeLessThanOrEqual(4);
  }, 60_000);

  it('needs one request per folder when nothing is new, and is not refused with the limits on', async () => {
    const { simulator, provider, tenant, clock } = house({ tenants, limits: {} });
    const [mailboxId = ''] = tenant.mailboxes;
    const mailbox = { tenantId: tenant.id, mailboxId };
    const folders = (await collect(provider.mail.folders(mailbox))).flatMap(({ changes }) =>
      changes.flatMap((change) => (change.type === 'upserted' ? [change.item] : [])),
    );
    const cursors = new Map<string, string | undefined>();
    for (const folder of folders)
      cursors.set(folder.folderId, (await collect(provider.mail.messages(folder))).at(-1)?.cursor);
    simulator.resetCounts();
    for (const folder of folders) {
      const pages = await collect(provider.mail.messages(folder, { cursor: cursors.get(folder.folderId) }));
      expect(pages.at(-1)?.caughtUp).toBe(true);
    }
    expect(simulator.counts.total).toBeLessThanOrEqual(folders.length * 1.2);
    expect(simulator.counts.throttled).toBe(0);
    const some = Array.from({ length: 60 }, async (_, index) => {
      const folder = folders[index % folders.length];
      if (folder) await collect(provider.mail.messages(folder));
    });
    await clock.run(Promise.all(some));
    expect(simulator.counts.throttled).toBe(0);
    expect(simulator.counts.maxInFlight).toBe(4);
  });

  it('survives what the service does at times', async () => {
    const { simulator, provider, tenant, clock } = house({ tenants });
    for (const answer of [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503 },
      { status: 500 },
      'reset' as const,
    ])
      for (const route of ['messages.delta', 'users.delta']) simulator.inject({ route, answer });
    const { found } = await clock.run(everything(provider, tenant.id));
    expect(found.size).toBe([...simulator.manifest(tenant)].length);
  }, 60_000);
});

describe('over real connections', () => {
  it('the default transport signs in at, and reads from, a simulator on this machine', async () => {
    await using server = await startServer({
      tenants: [{ name: 'contoso', users: 12, messagesPerUser: 5, consented: true }],
    });
    const { simulator, login, graph } = server;
    const [tenant] = simulator.tenants;
    if (!tenant) throw new Error('There is a tenant.');
    const provider = office365({
      clientId: simulator.app.clientId,
      credential: { secret: simulator.app.secret },
      cloud: { login, graph },
    });
    const ref = await provider.resolveTenant('contoso');
    expect(ref.tenantId).toBe(tenant.id);
    const attempt = await signIn(simulator, provider, tenant.id, tenant.administrator.username);
    expect(await provider.authorization.completeSignIn(ref, attempt)).toMatchObject({ mayGrant: true });
    expect((await provider.verify(ref)).missing).toEqual([]);
    const wrong: string[] = [];
    for (const { mailboxId, messageId, folderId, sha256 } of [...simulator.manifest(tenant)].slice(0, 30)) {
      const message = { ...ref, mailboxId, messageId, folderId, receivedAt: undefined };
      const hash = createHash('sha256');
      for await (const chunk of await provider.mail.content(message)) hash.update(chunk);
      if (hash.digest('hex') !== sha256) wrong.push(messageId);
    }
    expect(wrong).toEqual([]);
    await provider.close?.();
  });
});
