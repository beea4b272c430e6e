import { describe, expect, it } from 'vitest';
import { address, contact, contacts, domain, group, groups, user, users } from './sample-entries.ts';
import { batch, removed, sqlDirectories, upserted } from './sql-directories.ts';

describe.each(sqlDirectories())('the directory in $name', ({ open }) => {
  it('keeps every field of domains, users, contacts and groups', async () => {
    const { directory, store } = await open();
    const contoso = domain('contoso.example', { isDefault: true, isVerified: false, acceptsMail: false });
    const anna = user('u1', {
      displayName: 'Anna \u{1f600}',
      userType: 'guest',
      enabled: false,
      licensed: false,
      mailboxKind: 'shared',
      addresses: [address('Anna@Contoso.example'), address('a.a@contoso.example', false)],
      otherAddresses: ['sip:anna@contoso.example', 'x500:/o="Contoso"/cn=Änna'],
    });
    const nameless = user('u2', { displayName: undefined, mailboxKind: undefined, addresses: [] });
    const bob = contact('c1', { otherAddresses: ['X400:C=us'] });
    const unnamed = contact('c2', { displayName: undefined, companyName: undefined });
    const sales = group('g1', contacts('c1'), {
      displayName: undefined,
      groupType: 'microsoft_365',
      dynamicMembership: true,
      hiddenMembership: true,
      otherAddresses: ['sip:sales@contoso.example'],
    });
    await store([contoso, anna, nameless, bob, unnamed, sales]);
    expect(await directory.list('one', 'domain')).toStrictEqual([contoso]);
    expect(await directory.list('one', 'user')).toStrictEqual([anna, nameless]);
    expect(await directory.list('one', 'contact')).toStrictEqual([bob, unnamed]);
    const { members: _, ...stored } = sales;
    expect(await directory.list('one', 'group')).toStrictEqual([stored]);
    expect(await directory.members('one', 'g1')).toEqual([{ id: 'c1', type: 'contact' }]);
    const counts = { domain: 1, user: 2, contact: 2, group: 1, address: 5, member: 1 };
    expect(await directory.counts('one')).toEqual(counts);
  });

  it('replaces every field by what was read last', async () => {
    const { directory, store } = await open();
    const other = {
      displayName: 'other',
      addresses: [address('other@contoso.example')],
      otherAddresses: ['sip:x'],
    };
    const entries = [
      domain('contoso.example', { isDefault: true, isInitial: true, isVerified: false, acceptsMail: false }),
      user('u1', {
        ...other,
        userPrincipalName: 'x',
        userType: 'guest',
        enabled: false,
        licensed: false,
        mailboxKind: undefined,
      }),
      contact('c1', { ...other, companyName: undefined }),
      group('g1', [], { ...other, groupType: 'security', dynamicMembership: true, hiddenMembership: true }),
    ];
    await store([domain('contoso.example'), user('u1'), contact('c1'), group('g1')]);
    await store(entries);
    for (const entry of entries) {
      const { members: _, ...stored } = { members: undefined, ...entry };
      expect(await directory.list('one', entry.kind)).toStrictEqual([stored]);
    }
  });

  it('finds who has an address: in any case, by an alias, of every kind, of this connection only', async () => {
    const { directory, apply, store } = await open();
    const alias = address('Alias@Contoso.example', false);
    const anna = user('u1', { addresses: [address('Anna.Ångström@contoso.example'), alias] });
    await store([anna, group('sales'), contact('bob')]);
    const stranger = user('stranger', { addresses: [address('other@contoso.example')] });
    await store([stranger], { connectionId: 'two' });
    expect(await directory.findAddress('one', 'anna.ångström@CONTOSO.example')).toStrictEqual({
      entry: anna,
      address: anna.addresses[0],
      acceptsMail: false,
    });
    expect(await directory.findAddress('one', 'ALIAS@contoso.example')).toMatchObject({
      entry: anna,
      address: alias,
    });
    const found = async (text: string) => (await directory.findAddress('one', text))?.entry;
    expect(await found('Sales@contoso.example')).toMatchObject({ kind: 'group', id: 'sales' });
    expect(await found('BOB@fabrikam.example')).toEqual(contact('bob'));
    for (const nobody of ['', '\0', 'nobody@contoso.example', 'other@contoso.example', '%@contoso.example'])
      expect(await found(nobody)).toBeUndefined();
    await apply('user', [removed('u1')]);
    expect(await found('alias@contoso.example')).toBeUndefined();
  });

  it('says of an address whether its domain is one of the tenant that accepts mail', async () => {
    const { directory, store } = await open();
    const web = user('web', { addresses: [address('web@web.contoso.example')] });
    await store([domain('contoso.example'), domain('web.contoso.example', { acceptsMail: false })]);
    await store([domain('fabrikam.example')], { connectionId: 'two' });
    await store([user('u1', { addresses: [address('u1@CONTOSO.example')] }), web, contact('c1')]);
    const accepts = async (text: string) => (await directory.findAddress('one', text))?.acceptsMail;
    expect(await accepts('u1@contoso.example')).toBe(true);
    expect(await accepts('web@web.contoso.example')).toBe(false);
    expect(await accepts('c1@fabrikam.example')).toBe(false);
  });

  it('gives an address that moves to its new owner, although the old one is not read again yet', async () => {
    const { directory, store } = await open();
    const moving = address('info@contoso.example');
    await store([user('u1', { addresses: [moving] }), user('u2')]);
    await store([contact('c1', { addresses: [moving] })]);
    const owner = async () => (await directory.findAddress('one', 'info@contoso.example'))?.entry.id;
    expect(await owner()).toBe('c1');
    await store([user('u1')]);
    expect(await owner()).toBe('c1');
  });

  it('expands a group through the groups within it, each person once, also when groups contain each other', async () => {
    const { directory, store } = await open();
    await store([
      ...['u1', 'u2', 'u3', 'u4'].map((id) => user(id)),
      contact('c1'),
      contact('c2', { addresses: [address('U1@contoso.example')] }),
      group('all', [
        ...users('u1', 'unknown'),
        ...groups('inner', 'missing', 'all'),
        ...contacts('c1', 'u4'),
        { id: 'u4', type: 'device' },
      ]),
      group('inner', [...users('u2', 'u1'), ...groups('deepest'), ...contacts('c1')]),
      group('deepest', [...users('u3'), ...groups('all', 'inner'), ...contacts('c2')]),
      group('empty'),
    ]);
    await store([user('u1'), user('u9'), group('inner', users('u9'))], { connectionId: 'two' });
    const ids = async (groupId: string) => (await directory.expandGroup('one', groupId)).map(({ id }) => id);
    expect(await ids('all')).toEqual(['u1', 'u2', 'u3', 'c1', 'c2']);
    expect(await ids('deepest')).toEqual(['u1', 'u2', 'u3', 'c1', 'c2']);
    expect(await ids('empty')).toEqual([]);
    expect(await ids('nowhere')).toEqual([]);
    expect((await directory.expandGroup('one', 'inner'))[0]).toEqual(user('u1'));
    expect(await directory.groupAddresses('one', 'all')).toEqual([
      ...['u1', 'u2', 'u3'].map((id) => `${id}@contoso.example`),
      'c1@fabrikam.example',
    ]);
  });

  it('expands a chain of a thousand groups and a group of 40,000 users', async () => {
    const { directory, store } = await open();
    const chain = Array.from({ length: 1000 }, (_, index) => group(`g${index}`, groups(`g${index + 1}`)));
    const many = Array.from({ length: 40_000 }, (_, index) => `u${index}`);
    await store([...many.map((id) => user(id)), ...chain, group('g1000', users(...many))]);
    expect(await directory.expandGroup('one', 'g0')).toHaveLength(40_000);
  });

  it('lists page by page, by code points', async () => {
    const { directory, store } = await open();
    const ids = Array.from({ length: 1005 }, (_, index) => `u${String(index).padStart(4, '0')}`);
    const others = ['U', 'u-', 'uÄ', 'u\ue000', 'u\u{10000}', 'v'];
    await store([...ids, ...others].toReversed().map((id) => contact(id)));
    const first = await directory.list('one', 'contact');
    const second = await directory.list('one', 'contact', { after: first.at(-1)?.id });
    expect(first).toHaveLength(1000);
    expect([...first, ...second].map(({ id }) => id)).toEqual(['U', 'u-', ...ids, ...others.slice(2)]);
    const page = await directory.list('one', 'contact', { after: ids[2], limit: 2 });
    expect(page).toEqual([contact('u0003'), contact('u0004')]);
  });

  it('applies a batch whole or not at all, and its epoch with it', async () => {
    const { directory, apply, store } = await open();
    await store([user('u1')]);
    const unusable = user('u2', { userPrincipalName: null as unknown as string });
    const failing = apply('user', [removed('u1'), upserted(unusable)], { epoch: 9 });
    await expect(failing).rejects.toMatchObject({ code: 'storage_failed' });
    expect(await directory.list('one', 'user')).toEqual([user('u1')]);
    await apply('user', [upserted(user('u3'))]);
    expect(await directory.list('one', 'user')).toEqual([user('u1'), user('u3')]);
  });

  it('does nothing when the call was aborted before', async () => {
    const { directory } = await open();
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(directory.apply(batch('user', [upserted(user('u1'))]), { signal })).rejects.toThrow('stop');
    expect(await directory.list('one', 'user')).toEqual([]);
  });

  it('stores texts that no database can hold with U+FFFD in place of NUL and half pairs', async () => {
    const { directory, store } = await open();
    const bad = 'a\0b\ud800c\udc00\u{1f600}';
    const good = 'a\ufffdb\ufffdc\ufffd\u{1f600}';
    const texts = (text: string) => ({
      displayName: text,
      addresses: [address(`${text}@x.example`)],
      otherAddresses: [text],
    });
    await store([user('u1', { ...texts(bad), userPrincipalName: bad })]);
    await store([contact('c1', { ...texts(bad), companyName: bad }), group('g1', [], texts(bad))]);
    const anna = user('u1', { ...texts(good), userPrincipalName: good });
    expect(await directory.list('one', 'user')).toEqual([anna]);
    expect(await directory.list('one', 'contact')).toEqual([
      contact('c1', { ...texts(good), companyName: good }),
    ]);
    expect(await directory.list('one', 'group')).toMatchObject([texts(good)]);
    expect((await directory.findAddress('one', `${bad}@X.example`))?.address.address).toBe(
      `${good}@x.example`,
    );
  });

  it('refuses ids that it could not tell apart, names the field, and changes nothing', async () => {
    const { directory, apply, store } = await open();
    await store([group('g1', users('u1'))]);
    for (const bad of ['a\0', '\ud800', 'a\udc00']) {
      const left = group('g1', [], { members: { added: [], removed: [bad] } });
      const cases = [
        [() => apply('user', [upserted(user('u1')), upserted(user(bad))]), 'id'],
        [() => apply('user', [upserted(user('u1')), removed(bad)]), 'id'],
        [() => apply('group', [upserted(group('g2', users(bad)))]), 'members.added'],
        [() => apply('group', [upserted(left)]), 'members.removed'],
        [() => apply('user', [], { connectionId: bad }), 'connectionId'],
        [() => directory.measure(bad, 'user', 1), 'connectionId'],
        [() => directory.findAddress(bad, 'a@x.example'), 'connectionId'],
        [() => directory.members('one', bad), 'groupId'],
        [() => directory.expandGroup('one', bad), 'groupId'],
        [() => directory.list('one', 'user', { after: bad }), 'after'],
      ] as const;
      for (const [work, field] of cases)
        await expect(work()).rejects.toMatchObject({ code: 'invalid_request', field });
    }
    expect(await directory.counts('one')).toMatchObject({ user: 0, group: 1, member: 1 });
  });
});
