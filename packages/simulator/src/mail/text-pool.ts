import { createRandom, type Random } from '../random.ts';

/** Ready-made stretches of content that bodies are cut from, so that making a message is little more than copying. */
export interface TextPool {
  /** UTF-8 lines with CRLF. */
  readonly utf8: Buffer;
  /** ISO 8859-1 lines with CRLF: 8-bit bytes that are not valid UTF-8. */
  readonly latin1: Buffer;
  /** UTF-8 lines with a bare LF. */
  readonly lf: Buffer;
  /** Any bytes, NUL and bare CR among them. */
  readonly binary: Buffer;
  /** Lines of 76 base64 characters and CRLF. */
  readonly base64: Buffer;
}

/** Bytes of one whole base64 line with its CRLF. */
export const BASE64_LINE = 78;

const WORDS = (
  'the quarterly report is attached please review figures before Thursday and let me know meeting moved to room übermorgen ' +
  'danke für Rückmeldung bitte Anlage prüfen vertraglich Größe café déjà reçu bonjour équipe cordialement señor mañana reunión ' +
  'budget invoice number shipment delayed customer asked again approval pending draft version final thanks regards best wishes ' +
  'København måndag på räksmörgås coração não São contract renewal signed copy archive project milestone risk owner follow up'
).split(' ');

const WIDE_WORDS = [
  'Привет',
  'совещание',
  'отчёт',
  '会議',
  '報告書',
  '안녕하세요',
  'مرحبا',
  'שלום',
  'Καλημέρα',
  '😀',
  '🎉',
  'naïve',
];

/** Makes a pool from a seed. */
export function createTextPool(seed: number): TextPool {
  const random = createRandom(seed, 'pool');
  const latinText = text(random, WORDS, 48_000);
  const wideText = text(random, [...WORDS, ...WIDE_WORDS], 48_000);
  const bytes = Buffer.alloc(48_000);
  for (let index = 0; index < bytes.length; index++) bytes[index] = random.integer(256);
  const encoded = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  return {
    utf8: Buffer.from(wideText, 'utf8'),
    latin1: Buffer.from(latinText, 'latin1'),
    lf: Buffer.from(wideText.replaceAll('\r\n', '\n'), 'utf8'),
    binary: bytes,
    base64: Buffer.from(encoded.slice(0, encoded.length - (encoded.length % BASE64_LINE)), 'latin1'),
  };
}

function text(random: Random, words: readonly string[], length: number): string {
  let result = '';
  while (result.length < length) {
    let line = '';
    while (line.length < 60) line += `${random.pick(words)} `;
    result += `${line.trimEnd()}${random.next() < 0.2 ? '.\r\n\r\n' : '\r\n'}`;
  }
  return result;
}
