import { personName } from '../directory/names.ts';
import { createRandom, type Random } from '../random.ts';
import type { MessageSize } from '../simulator-options.ts';
import { type Address, CHUNK_BYTES, type MailSource, type MessageHeader } from './mail-source.ts';
import { BASE64_LINE, type TextPool } from './text-pool.ts';

/** What generated mail is made from. */
export interface GeneratedMailOptions {
  readonly seed: number;
  readonly mailboxId: string;
  readonly owner: Address;
  readonly size: MessageSize;
  readonly pool: TextPool;
  receivedAt(number: number): number;
  /** An exact length for this message in place of a random one. */
  exactSize(number: number): number | undefined;
}

type Kind = 'utf8' | 'latin1' | 'lf' | 'binary' | 'alternative' | 'mixed' | 'nested' | 'signed';
/** A stretch of a message: bytes as they are, or so many bytes of a pool from an offset on, round and round. */
type Stretch = Buffer | { readonly pool: Buffer; readonly offset: number; readonly length: number };

interface Plan {
  readonly header: MessageHeader;
  readonly kind: Kind;
  readonly bytes: number;
  readonly offset: number;
  readonly boundary: string;
}

const OUTSIDE = [
  'fabrikam.com',
  'adatum.com',
  'northwindtraders.com',
  'proseware.com',
  'wingtiptoys.com',
] as const;
// biome-ignore format: one list
const SUBJECTS = [
  'Quarterly report', 'Invoice 2026-', 'Meeting moved', 'Angebot für Müller & Söhne', 'Réunion d’équipe', 'Contract, final version',
  'Ваш заказ', '会議のお知らせ', 'Lunch?', 'Holiday hours update', 'Re: budget', 'Your shipment is on its way', 'Größenänderung',
] as const;
const KINDS: readonly (readonly [number, Kind])[] = [
  [0.4, 'utf8'],
  [0.5, 'latin1'],
  [0.55, 'lf'],
  [0.57, 'binary'],
  [0.78, 'alternative'],
  [0.94, 'mixed'],
  [0.97, 'nested'],
  [1, 'signed'],
];

/** Creates a source of made-up mail: every message follows from the seed, the mailbox and its number. */
export function createGeneratedMail(options: GeneratedMailOptions): MailSource {
  const plan = (number: number): Plan => {
    const random = createRandom(options.seed, options.mailboxId, number);
    const roll = random.next();
    const exact = options.exactSize(number);
    const lengthened = options.size.medianBytes * Math.exp(options.size.sigma * random.normal());
    const kind = KINDS.find(([below]) => roll < below)?.[1] ?? 'utf8';
    return {
      header: headerOf(random, options.owner, kind),
      kind: exact !== undefined && exact > 1_000_000 ? 'mixed' : kind,
      bytes: exact ?? Math.min(options.size.maxBytes, Math.round(lengthened)),
      offset: random.integer(40_000),
      boundary: `_=_${random.text(24)}`,
    };
  };
  // A reader asks for the length and then for the bytes: the last layout is kept.
  let last: { readonly number: number; readonly layout: readonly Stretch[] } | undefined;
  const layout = (number: number): readonly Stretch[] => {
    if (last?.number !== number)
      last = { number, layout: stretches(plan(number), options.pool, options.receivedAt(number)) };
    return last.layout;
  };
  return {
    size: (number) => layout(number).reduce((sum, stretch) => sum + stretch.length, 0),
    header: (number) => plan(number).header,
    preview: (number) => {
      const planned = plan(number);
      return options.pool.utf8
        .toString('utf8', planned.offset % 30_000, (planned.offset % 30_000) + 240)
        .replace(/\s+/g, ' ');
    },
    chunks: (number) => cut(layout(number)),
  };
}

function headerOf(random: Random, owner: Address, kind: Kind): MessageHeader {
  const person = personName(random);
  const domain = random.pick(OUTSIDE);
  const other = { name: `${person.givenName} ${person.surname}`, address: `${person.nickname}@${domain}` };
  const sent = random.next() < 0.2;
  return {
    subject: `${random.next() < 0.3 ? 'RE: ' : ''}${random.pick(SUBJECTS)} ${random.integer(10_000)}`,
    from: sent ? owner : other,
    to: [sent ? other : owner],
    cc: [],
    internetMessageId: `<${random.guid()}@${domain}>`,
    hasAttachments: kind === 'mixed' || kind === 'nested' || kind === 'signed',
  };
}

function stretches(plan: Plan, pool: TextPool, receivedAt: number): readonly Stretch[] {
  const { header, boundary } = plan;
  const date = new Date(receivedAt).toUTCString().replace('GMT', '+0000');
  const head = [
    `Received: from mail.simulator.invalid (192.0.2.25) by outlook.simulator.invalid; ${date}`,
    `From: ${mailbox(header.from)}`,
    `To: ${header.to.map(mailbox).join(', ')}`,
    `Subject: ${word(header.subject)}`,
    `Date: ${date}`,
    `Message-ID: ${header.internetMessageId}`,
    'MIME-Version: 1.0',
    'X-MS-Exchange-Organization-SCL: 1',
  ].join('\r\n');
  const open = (type: string) => `\r\n--${boundary}\r\nContent-Type: ${type}`;
  const close = Buffer.from(`\r\n--${boundary}--\r\n`);
  const start = (type: string) => Buffer.from(`${head}\r\nContent-Type: ${type}\r\n`);
  const fill = (bytes: Buffer, length: number): Stretch => ({
    pool: bytes,
    offset: plan.offset % bytes.length,
    length,
  });
  const single = (type: string, encoding: string, bytes: Buffer): readonly Stretch[] => {
    const first = start(`${type}\r\nContent-Transfer-Encoding: ${encoding}`);
    const blank = Buffer.from('\r\n');
    return [first, blank, fill(bytes, Math.max(1, plan.bytes - first.length - 2))];
  };
  const double = (
    multipart: string,
    before: string,
    between: string,
    second: 'text' | 'base64',
    after = '',
  ): readonly Stretch[] => {
    const first = start(`${multipart}; boundary="${boundary}"`);
    const one = Buffer.from(
      `${open(`text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit`)}\r\n\r\n${before}`,
    );
    const two = Buffer.from(`${open(between)}\r\n\r\n`);
    const last = Buffer.concat([Buffer.from(after), close]);
    const room = Math.max(2, plan.bytes - first.length - one.length - two.length - last.length);
    // Base64 comes in whole lines; the text takes what is left, so that the length is met to the byte.
    const large =
      second === 'base64' ? Math.floor((room * 0.8) / BASE64_LINE) * BASE64_LINE : Math.floor(room / 2);
    const aligned = Math.floor((plan.offset % pool.base64.length) / BASE64_LINE) * BASE64_LINE;
    const body: Stretch =
      second === 'base64' ? { pool: pool.base64, offset: aligned, length: large } : fill(pool.utf8, large);
    return [first, one, fill(pool.utf8, room - large), two, body, last];
  };
  switch (plan.kind) {
    case 'utf8':
      return single('text/plain; charset="utf-8"', '8bit', pool.utf8);
    case 'latin1':
      return single('text/plain; charset="iso-8859-1"', '8bit', pool.latin1);
    case 'lf':
      return single('text/plain; charset="utf-8"', '8bit', pool.lf);
    case 'binary':
      return single('application/octet-stream', 'binary', pool.binary);
    case 'alternative':
      return double(
        'multipart/alternative',
        '',
        'text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit',
        'text',
        '</body>',
      );
    case 'nested':
      return double(
        'multipart/mixed',
        '',
        `message/rfc822\r\n\r\n${head.replace('Subject: ', 'Subject: FW: ')}`,
        'text',
      );
    case 'signed':
      return double(
        'multipart/signed',
        '',
        'application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64',
        'base64',
      );
    case 'mixed':
      return double(
        'multipart/mixed',
        '',
        'application/pdf; name="Bericht.pdf"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment',
        'base64',
      );
  }
}

function word(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

function mailbox(address: Address | undefined): string {
  if (address === undefined) return '';
  return /^[\x20-\x7e]*$/.test(address.name)
    ? `"${address.name}" <${address.address}>`
    : `${word(address.name)} <${address.address}>`;
}

function* cut(layout: readonly Stretch[]): Generator<Uint8Array, void, undefined> {
  let left = layout.reduce((sum, stretch) => sum + stretch.length, 0);
  let chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
  let filled = 0;
  for (const stretch of layout) {
    let done = 0;
    while (done < stretch.length) {
      const bytes = Buffer.isBuffer(stretch) ? stretch : stretch.pool;
      const from = Buffer.isBuffer(stretch) ? done : (stretch.offset + done) % bytes.length;
      const length = Math.min(stretch.length - done, bytes.length - from, chunk.length - filled);
      bytes.copy(chunk, filled, from, from + length);
      done += length;
      filled += length;
      if (filled < chunk.length) continue;
      yield chunk;
      left -= chunk.length;
      chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
      filled = 0;
    }
  }
}
