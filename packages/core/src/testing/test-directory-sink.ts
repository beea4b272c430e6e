import assert from 'node:assert/strict';
import { type DirectorySinkUnderTest, ids, members, sorted } from './directory-under-test.ts';
import { epochCases, refused } from './epoch-cases.ts';
import { measureCases } from './measure-cases.ts';
import { skip, type TestRunner } from './runner.ts';
import { batch, contact, domain, group, removed, upserted, user } from './sample-directory.ts';

export interface TestDirectorySinkOptions {
  /** Closes the sink and opens the same data again. Without it, durability is not tested, and the runner shows a skip. */
  readonly reopen?: (underTest: DirectorySinkUnderTest) => Promise<DirectorySinkUnderTest>;
}

/**
 * The contract of `DirectorySink` as test cases.
 *
 * @param create Opens an empty sink of its own for one case. The suite closes it.
 */
export function testDirectorySink(
  runner: TestRunner,
  create: () => Promise<DirectorySinkUnderTest>,
  { reopen }: TestDirectorySinkOptions = {},
): void {
  const test = (name: string, body: (underTest: DirectorySinkUnderTest) => Promise<void>) =>
    runner.it(name, async () => {
      const underTest = await create();
      try {
        await body(underTest);
      } finally {
        await underTest.sink.close?.();
      }
    });

  runner.describe('DirectorySink', () => {
    test('domains, users, contacts and groups are stored as they were read', async ({ sink, read }) => {
      const anna = user('u1', 'Anna Ångström \u{1f600}', [
        'Anna@contoso.example',
        'a.angstrom@contoso.example',
      ]);
      await sink.apply(batch('domain', [upserted(domain('contoso.example'))]));
      await sink.apply(batch('user', [upserted(anna), upserted(user('u2', 'No Mail', []))]));
      await sink.apply(batch('contact', [upserted(contact('c1'))]));
      await sink.apply(batch('group', [upserted(group('g1', { added: ['u1', 'u2'] }))]));
      assert.deepEqual(sorted(await read('one')), [
        { kind: 'contact', id: 'c1', displayName: 'c1', addresses: ['c1@fabrikam.example'] },
        { kind: 'domain', id: 'contoso.example' },
        {
          kind: 'group',
          id: 'g1',
          displayName: 'g1',
          addresses: ['g1@contoso.example'],
          members: ['u1', 'u2'],
        },
        {
          kind: 'user',
          id: 'u1',
          displayName: anna.displayName,
          addresses: ['Anna@contoso.example', 'a.angstrom@contoso.example'],
        },
        { kind: 'user', id: 'u2', displayName: 'No Mail', addresses: [] },
      ]);
      assert.deepEqual(await read('another'), []);
    });

    test('an empty batch, and the removal of what was never there, change nothing', async ({
      sink,
      read,
    }) => {
      await sink.apply(batch('user', [upserted(user('u1'))]));
      await sink.apply(batch('user', []));
      await sink.apply(batch('user', [removed('never')]));
      assert.deepEqual(await ids(read), ['user/u1']);
    });

    test('what is read again replaces what was there: names, and addresses that were taken away', async ({
      sink,
      read,
    }) => {
      await sink.apply(
        batch('user', [upserted(user('u1', 'Old', ['old@contoso.example', 'kept@contoso.example']))]),
      );
      await sink.apply(
        batch('user', [upserted(user('u1', 'New', ['kept@contoso.example', 'new@contoso.example']))]),
      );
      assert.deepEqual(await read('one').then(sorted), [
        {
          kind: 'user',
          id: 'u1',
          displayName: 'New',
          addresses: ['kept@contoso.example', 'new@contoso.example'],
        },
      ]);
    });

    test('an address that changed its case, and one that moved to another user, are taken over', async ({
      sink,
      read,
    }) => {
      await sink.apply(
        batch('user', [
          upserted(user('u1', 'A', ['a@contoso.example'])),
          upserted(user('u2', 'B', ['b@contoso.example'])),
        ]),
      );
      await sink.apply(
        batch('user', [upserted(user('u2', 'B', ['B@contoso.example', 'a@contoso.example']))]),
      );
      await sink.apply(batch('user', [upserted(user('u1', 'A', ['A2@contoso.example']))]));
      const addresses = sorted(await read('one')).map((entry) => entry.addresses);
      assert.deepEqual(addresses, [['A2@contoso.example'], ['B@contoso.example', 'a@contoso.example']]);
    });

    test('within one batch the last word on an id holds', async ({ sink, read }) => {
      await sink.apply(
        batch('user', [
          ...[
            upserted(user('u1', 'first')),
            upserted(user('u2')),
            removed('u3'),
            upserted(user('u1', 'second')),
          ],
          ...[
            removed('u2'),
            upserted(user('u3', 'back')),
            upserted(user('u1', 'last', ['last@contoso.example'])),
          ],
        ]),
      );
      assert.deepEqual(sorted(await read('one')), [
        { kind: 'user', id: 'u1', displayName: 'last', addresses: ['last@contoso.example'] },
        { kind: 'user', id: 'u3', displayName: 'back', addresses: ['u3@contoso.example'] },
      ]);
    });

    test('a batch that is applied twice changes nothing', async ({ sink, read }) => {
      const users = batch('user', [upserted(user('u1')), removed('u2'), upserted(user('u3'))]);
      const groups = batch('group', [upserted(group('g1', { added: ['u1', 'u3'], removed: ['u2'] }))], {
        sweep: true,
      });
      await sink.apply(users);
      await sink.apply(groups);
      const once = sorted(await read('one'));
      for (const again of [users, users, groups, groups]) await sink.apply(again);
      assert.deepEqual(sorted(await read('one')), once);
    });

    test('an older batch may come again, and the newer ones after it put things right', async ({
      sink,
      read,
    }) => {
      const pages = [
        batch('group', [upserted(group('g1', { added: ['u1', 'u2'] })), upserted(group('g2'))]),
        batch('group', [
          upserted(group('g1', { displayName: 'renamed', added: ['u3'], removed: ['u1'] })),
          removed('g2'),
        ]),
      ];
      for (const page of pages) await sink.apply(page);
      const once = sorted(await read('one'));
      for (const page of pages) await sink.apply(page);
      assert.deepEqual(sorted(await read('one')), once);
    });

    test('members of a large group are gathered over its pages', async ({ sink, read }) => {
      await sink.apply(
        batch('group', [
          upserted(group('g1', { added: ['u1', 'u2'] })),
          upserted(group('g1', { added: ['u3'] })),
        ]),
      );
      await sink.apply(batch('group', [upserted(group('g1', { added: ['u3', 'u4'] }))]));
      await sink.apply(batch('group', [upserted(group('g1'))]));
      assert.deepEqual(await members(read, 'g1'), ['u1', 'u2', 'u3', 'u4']);
      await sink.apply(
        batch('group', [
          upserted(group('g1', { added: ['u5'], removed: ['u2', 'unknown'] })),
          upserted(group('g1', { removed: ['u5'] })),
        ]),
      );
      assert.deepEqual(await members(read, 'g1'), ['u1', 'u3', 'u4']);
    });

    test('a group that is removed takes its members with it, also when it comes back', async ({
      sink,
      read,
    }) => {
      await sink.apply(
        batch('group', [upserted(group('g1', { added: ['u1'] })), upserted(group('g2', { added: ['u1'] }))]),
      );
      await sink.apply(batch('group', [removed('g1')]));
      assert.deepEqual(await ids(read), ['group/g2']);
      await sink.apply(batch('group', [upserted(group('g1', { added: ['u2'] }))]));
      assert.deepEqual(await members(read, 'g1'), ['u2']);
      await sink.apply(batch('group', [removed('g2'), upserted(group('g2', { added: ['u3'] }))]));
      assert.deepEqual(await members(read, 'g2'), ['u3']);
    });

    test('a removed user is gone, and is there again when it was restored', async ({ sink, read }) => {
      await sink.apply(batch('user', [upserted(user('u1')), upserted(user('u2'))]));
      await sink.apply(batch('user', [{ type: 'removed', id: 'u1', reason: 'recoverable' }]));
      assert.deepEqual(await ids(read), ['user/u2']);
      await sink.apply(batch('user', [upserted(user('u1', 'back'))]));
      assert.equal((await read('one')).find(({ id }) => id === 'u1')?.displayName, 'back');
    });

    test('a sweep removes what the new round did not see, and nothing else', async ({ sink, read }) => {
      await sink.apply(batch('user', [upserted(user('gone')), upserted(user('stays'))]));
      await sink.apply(batch('domain', [upserted(domain('contoso.example'))]));
      await sink.apply(
        batch('group', [
          upserted(group('g1', { added: ['gone', 'stays'] })),
          upserted(group('g2', { added: ['u1'] })),
        ]),
      );
      await sink.apply(batch('user', [upserted(user('gone'))], { connectionId: 'two' }));
      await sink.apply(batch('user', [upserted(user('stays'))], { generation: 2 }));
      assert.equal((await read('one')).length, 5, 'nothing is removed before the round is complete');
      await sink.apply(batch('user', [upserted(user('new'))], { generation: 2, sweep: true }));
      assert.deepEqual(await ids(read), [
        'domain/contoso.example',
        'group/g1',
        'group/g2',
        'user/new',
        'user/stays',
      ]);
      assert.equal((await read('two')).length, 1);
      await sink.apply(
        batch('group', [upserted(group('g1', { added: ['stays'] }))], { generation: 2, sweep: true }),
      );
      assert.deepEqual(await ids(read), ['domain/contoso.example', 'group/g1', 'user/new', 'user/stays']);
      assert.deepEqual(
        await members(read, 'g1'),
        ['stays'],
        'a membership of the older round is gone as well',
      );
      await sink.apply(batch('domain', [], { generation: 2, sweep: true }));
      assert.deepEqual(await ids(read), ['group/g1', 'user/new', 'user/stays']);
    });

    test('a late batch of an older round does not make the sweep remove what the newer round saw', async ({
      sink,
      read,
    }) => {
      const late = batch('group', [upserted(group('g1', { added: ['u1'] }))]);
      await sink.apply(late);
      await sink.apply(batch('group', [upserted(group('g1', { added: ['u1'] }))], { generation: 2 }));
      await sink.apply(late);
      await sink.apply(batch('group', [], { generation: 2, sweep: true }));
      assert.deepEqual(await members(read, 'g1'), ['u1']);
    });

    test('two connections with the same ids do not see each other', async ({ sink, read }) => {
      for (const connectionId of ['one', 'two', 'ONE']) {
        await sink.apply(batch('user', [upserted(user('u1', connectionId))], { connectionId }));
        await sink.apply(
          batch('group', [upserted(group('g1', { added: [`u-${connectionId}`] }))], { connectionId }),
        );
      }
      await sink.apply(batch('user', [removed('u1')], { connectionId: 'two' }));
      await sink.apply(batch('group', [], { connectionId: 'two', generation: 2, sweep: true }));
      assert.deepEqual(await read('two'), []);
      assert.deepEqual(await members(read, 'g1'), ['u-one']);
      assert.equal((await read('ONE')).find(({ id }) => id === 'u1')?.displayName, 'ONE');
    });

    test('a page of a thousand is stored whole', async ({ sink, read }) => {
      const many = Array.from({ length: 1000 }, (_, index) => `u${index}`);
      await sink.apply(
        batch(
          'user',
          many.map((id) => upserted(user(id))),
        ),
      );
      await sink.apply(batch('group', [upserted(group('g1', { added: many }))]));
      assert.equal((await read('one')).length, 1001);
      assert.equal((await members(read, 'g1'))?.length, 1000);
      await sink.apply(batch('user', many.map(removed)));
      assert.deepEqual(await ids(read), ['group/g1']);
    });

    measureCases(test);
    epochCases(test);

    const testReopened = (
      name: string,
      before: (underTest: DirectorySinkUnderTest) => Promise<void>,
      after: (underTest: DirectorySinkUnderTest) => Promise<void>,
    ) => {
      if (!reopen) return skip(runner, `${name} (no \`reopen\` was given: this sink is not durable)`);
      runner.it(name, async () => {
        const underTest = await create();
        await before(underTest);
        const reopened = await reopen(underTest);
        try {
          await after(reopened);
        } finally {
          await reopened.sink.close?.();
        }
      });
    };

    testReopened(
      'what was applied is there after a restart',
      async ({ sink }) => {
        await sink.apply(batch('user', [upserted(user('u1'))]));
        await sink.apply(batch('group', [upserted(group('g1', { added: ['u1'] }))]));
      },
      async ({ sink, read }) => {
        assert.deepEqual(sorted(await read('one')), [
          {
            kind: 'group',
            id: 'g1',
            displayName: 'g1',
            addresses: ['g1@contoso.example'],
            members: ['u1'],
          },
          { kind: 'user', id: 'u1', displayName: 'u1', addresses: ['u1@contoso.example'] },
        ]);
        await sink.apply(batch('user', [], { generation: 2, sweep: true }));
        assert.deepEqual(await ids(read), ['group/g1']);
      },
    );

    testReopened(
      'a process that lost its place is refused after a restart as well',
      ({ sink }) => sink.apply(batch('user', [upserted(user('u1'))], { epoch: 2 })),
      async ({ sink }) => {
        await refused(sink, batch('user', [removed('u1')]));
        await sink.apply(batch('user', [upserted(user('u2'))], { epoch: 2 }));
      },
    );
  });
}
