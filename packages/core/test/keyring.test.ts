import { createCipheriv, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cipher, ConnectorError, keyring, type SealContext } from '../src/index.ts';

const key = () => new Uint8Array(randomBytes(32));
const context: SealContext = { kind: 'attempt', organizationId: 'org-1', tenantId: 'tenant-1' };

const ring = (active: string, keys: Record<string, string | Uint8Array>) => {
  const cipher: Cipher = keyring({ active, keys });
  return {
    seal: async (text: string, to = context) => cipher.seal(text, to),
    open: async (sealed: string, of = context) => cipher.open(sealed, of),
  };
};
const failure = (work: () => unknown): ConnectorError => {
  try {
    work();
  } catch (error) {
    if (ConnectorError.is(error)) return error;
  }
  throw new Error('No ConnectorError was thrown.');
};
const refused = { code: 'storage_failed', message: expect.stringContaining('altered') };

// Of any UTF-16 code units: also halves of surrogate pairs.
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }))
    .map((units) => units.map((unit) => String.fromCharCode(unit)).join('')),
);
const contexts = fc.record({ kind: anyText, organizationId: anyText, tenantId: anyText });

describe('what was sealed', () => {
  it('comes back as it was, whatever characters it has', async () => {
    const { seal, open } = ring('a', { a: key() });
    await fc.assert(
      fc.asyncProperty(anyText, contexts, async (text, of) => {
        expect(await open(await seal(text, of), of)).toEqual({ text, stale: false });
      }),
    );
    expect((await open(await seal('\ud800 and \udc00'))).text).toBe('\ud800 and \udc00');
  });

  it('says nothing about the text, and never looks the same twice', async () => {
    const { seal } = ring('a', { a: key() });
    const sealed = await seal('the verifier');
    expect(sealed).toMatch(/^v1:a:[\w-]{16}:[\w-]+:[\w-]{22}$/);
    expect(sealed).not.toContain(Buffer.from('the verifier').toString('base64url').slice(0, 8));
    expect(await seal('the verifier')).not.toBe(sealed);
  });

  it('does not open when one character of it was changed', async () => {
    const { seal, open } = ring('a', { a: key(), b: key() });
    await fc.assert(
      fc.asyncProperty(
        anyText,
        fc.nat(),
        fc.constantFrom(...'abAB019-_:=+/ \n\u00e9'),
        async (text, position, replacement) => {
          const sealed = await seal(text);
          const at = position % sealed.length;
          fc.pre(sealed[at] !== replacement);
          const changed = sealed.slice(0, at) + replacement + sealed.slice(at + 1);
          await expect(open(changed)).rejects.toMatchObject({ code: 'storage_failed' });
        },
      ),
    );
  });

  it('has one spelling only: bits that decode to nothing count, too', async () => {
    const { seal, open } = ring('a', { a: key() });
    const sealed = await seal('the verifier');
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
      (last) => sealed.slice(0, -1) + last,
    );
    for (const spelling of [...spellings.filter((other) => other !== sealed), `${sealed}=`, `${sealed} `])
      await expect(open(spelling)).rejects.toMatchObject(refused);
  });

  it('does not open when one bit of its nonce, text or tag was changed', async () => {
    const { seal, open } = ring('a', { a: key() });
    const parts = (await seal('the verifier')).split(':');
    for (const [index, part] of parts.entries()) {
      if (index < 2) continue;
      for (let bit = 0; bit < Buffer.from(part, 'base64url').length * 8; bit++) {
        const bytes = Buffer.from(part, 'base64url');
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const changed = parts.with(index, bytes.toString('base64url')).join(':');
        await expect(open(changed)).rejects.toMatchObject(refused);
      }
    }
  });

  it('does not open with a tag that was cut short, nor with parts missing or added', async () => {
    const { seal, open } = ring('a', { a: key() });
    const sealed = await seal('the verifier');
    const [version = '', id = '', nonce = '', text = '', tag = ''] = sealed.split(':');
    const short = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url');
    for (const malformed of [
      [version, id, nonce, text, short],
      [version, id, nonce, text, ''],
      [version, id, nonce, text],
      [version, id, nonce, text, tag, ''],
      ['v2', id, nonce, text, tag],
      [version, '', nonce, text, tag],
      [version, id, nonce.slice(4), text, tag],
      [],
    ])
      await expect(open(malformed.join(':'))).rejects.toMatchObject(refused);
  });

  it('opens for no other record', async () => {
    const { seal, open } = ring('a', { a: key() });
    await fc.assert(
      fc.asyncProperty(contexts, contexts, async (of, other) => {
        fc.pre(JSON.stringify(of) !== JSON.stringify(other));
        await expect(open(await seal('text', of), other)).rejects.toMatchObject(refused);
      }),
    );
    // What merely runs together the same is another record, too.
    const sealed = await seal('text', { kind: 'a', organizationId: 'b","c', tenantId: 'd' });
    for (const other of [
      { kind: 'a', organizationId: 'b', tenantId: 'c","d' },
      { kind: 'a","b', organizationId: 'c', tenantId: 'd' },
    ])
      await expect(open(sealed, other)).rejects.toMatchObject(refused);
  });

  it('does not open as another kind, organization or tenant of the same words', async () => {
    const { seal, open } = ring('a', { a: key() });
    const sealed = await seal('text', { kind: 'x', organizationId: 'y', tenantId: 'z' });
    for (const [kind = '', organizationId = '', tenantId = ''] of ['yxz', 'zyx', 'xzy', 'yzx', 'zxy'].map(
      (words) => words.split(''),
    ))
      await expect(open(sealed, { kind, organizationId, tenantId })).rejects.toMatchObject(refused);
  });

  it('is not what somebody sealed with the same key for no record at all', async () => {
    const bytes = key();
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce, { authTagLength: 16 });
    const text = Buffer.concat([cipher.update('"text"'), cipher.final()]);
    const parts = [nonce, text, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    await expect(ring('a', { a: bytes }).open(['v1', 'a', ...parts].join(':'))).rejects.toMatchObject(
      refused,
    );
  });
});

describe('rotation of keys', () => {
  it('opens what a retired key sealed, and says that it should be sealed again', async () => {
    const [first, second] = [key(), key()];
    const sealed = await ring('2025', { 2025: first }).seal('text');
    const rotated = ring('2026', { 2025: first, 2026: second });
    expect(await rotated.open(sealed)).toEqual({ text: 'text', stale: true });
    const again = await rotated.seal('text');
    expect(again.split(':')[1]).toBe('2026');
    expect(await rotated.open(again)).toEqual({ text: 'text', stale: false });
    expect(await ring('2026', { 2026: second }).open(again)).toEqual({ text: 'text', stale: false });
  });

  it('names the key that is missing', async () => {
    const sealed = await ring('2025', { 2025: key() }).seal('text');
    await expect(ring('2026', { 2026: key() }).open(sealed)).rejects.toMatchObject({
      code: 'storage_failed',
      field: 'keys.2025',
      message: expect.stringMatching(/2025.*add it to keyring\.keys/),
    });
  });

  it('refuses another key under the old name', async () => {
    const sealed = await ring('a', { a: key() }).seal('text');
    await expect(ring('a', { a: key() }).open(sealed)).rejects.toMatchObject(refused);
  });

  it('does not repeat what stands in the place of a key id but cannot be one', async () => {
    const secret = randomBytes(32).toString('hex');
    await expect(ring('a', { a: key() }).open(`v1:${secret}:a:b:c`)).rejects.toSatisfy(
      (error) => !inspect(error).includes(secret),
    );
  });
});

describe('keys', () => {
  it('may come as bytes, base64, base64url or hex, and are the same key', async () => {
    // With the characters in which the two alphabets differ.
    const bytes = Buffer.concat([Buffer.from([0xfb, 0xff, 0xfe]), randomBytes(29)]);
    const sealed = await ring('a', { a: bytes }).seal('text');
    for (const spelling of [
      new Uint8Array(bytes),
      bytes.toString('base64'),
      bytes.toString('base64').replace('=', ''),
      bytes.toString('base64url'),
      `${bytes.toString('base64url')}=`,
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
    ])
      expect(await ring('a', { a: spelling }).open(sealed)).toEqual({ text: 'text', stale: false });
  });

  it('are copied: what the host does with its bytes changes nothing', async () => {
    const bytes = key();
    const cipher = ring('a', { a: bytes });
    const sealed = await cipher.seal('text');
    bytes.fill(0);
    expect(await cipher.open(sealed)).toEqual({ text: 'text', stale: false });
  });

  it.each([
    ['31 bytes', randomBytes(31)],
    ['33 bytes', randomBytes(33)],
    ['16 bytes as hex', randomBytes(16).toString('hex')],
    ['64 bytes as base64', randomBytes(64).toString('base64')],
    ['a pass phrase', 'correct horse battery staple and 11 more..'],
    ['base64 with a slip of the pen', `${randomBytes(32).toString('base64').slice(0, 42)}*=`],
    ['nothing', undefined],
    ['a number', 12345678],
  ])('that are %s are refused by name, and not repeated', (_, wrong) => {
    const error = failure(() => keyring({ active: 'a', keys: { a: key(), b: wrong as string } }));
    expect(error).toMatchObject({ code: 'invalid_options', field: 'keys.b' });
    expect(error.message).toMatch(/^keyring: keys\.b: must be 32 random bytes/);
    if (wrong !== undefined) expect(inspect(error)).not.toContain(String(wrong));
  });

  it.each([':', '', 'a:b', 'a b', 'ä', 'x'.repeat(33)])('are not named %j', (id) => {
    const error = failure(() => keyring({ active: id, keys: { [id]: key() } }));
    expect(error).toMatchObject({ code: 'invalid_options', field: 'keys' });
  });

  it.each(['hex', 'base64', 'base64url'] as const)(
    'in %s are not repeated when they stand where the id belongs',
    (encoding) => {
      const secret = randomBytes(32).toString(encoding);
      const error = failure(() => keyring({ active: 'a', keys: { [secret]: 'a' } }));
      expect(error).toMatchObject({ code: 'invalid_options', field: 'keys' });
      expect(inspect(error)).not.toContain(secret);
    },
  );

  it.each([
    ['active', { active: 'b', keys: { a: key() } }],
    ['active', { active: 'constructor', keys: { a: key() } }],
    ['active', { keys: { a: key() } }],
    ['active', { active: 'a', keys: {} }],
    ['keys', { active: 'a' }],
    ['keys', { active: 'a', keys: null }],
    ['key', { active: 'a', keys: { a: key() }, key: key() }],
  ])('must fit together: %s', (field, options) => {
    expect(failure(() => keyring(options as never))).toMatchObject({ code: 'invalid_options', field });
  });

  it('do not show when the keyring is printed', () => {
    const bytes = Buffer.from(key());
    const cipher = keyring({ active: 'a', keys: { a: bytes } });
    const printed = `${JSON.stringify(cipher)} ${inspect(cipher, { depth: 9, showHidden: true })} ${String(cipher)}`;
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(printed).not.toContain(bytes.toString(encoding));
    expect(JSON.stringify(cipher)).toBe('{}');
  });
});
