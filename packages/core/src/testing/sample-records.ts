import type { Json } from '../json.ts';

// Ids that a query language, a file system, a URL or a locale may take for something else.
export const ODD_IDS = [
  ...'a A ä a\u0308 ß ss i I ı a/b a\\b . .. ../a % %25 _ * ? \' " $1 {} [0] null 0 00 -1 __proto__ constructor'.split(
    ' ',
  ),
  ...[' ', ' a', 'a ', "' or 1=1 --", 'a\0b', 'a\0c', '\n', '\x7f', '\u{1f600}', '\uffff', 'é'.repeat(512)],
];

const NUMBERS = [0, -1, 1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER];
const TEXTS = [
  '',
  'a\0b',
  '\0',
  '\ud800',
  'x\udc00y',
  '\u{1f600}',
  '\u2028',
  '"\\ \n',
  '{"json":1}',
  '0',
  'null',
];
export const VALUES: readonly Json[] = [
  ...[null, true, false, [], {}, [[null], [[]]]],
  ...NUMBERS,
  ...TEXTS,
  { '': 1, 'a.b': 2, $set: 3, toString: 4, 'ä\0\ud800': { deep: [1, { deeper: ['\0'] }] } },
  JSON.parse('{ "__proto__": { "x": 1 } }'),
];

// By code point U+E000 and U+FFFF come before U+10000, by UTF-16 unit after it; by locale `a` comes before `B`.
export const ORDERED = 'B a a/ a/1 a0 b ~ ä \ud7ff \ue000 \uffff \u{10000} \u{1f600} \u{10ffff}'.split(' ');
