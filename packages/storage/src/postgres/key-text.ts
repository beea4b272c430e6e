// A text of PostgreSQL holds neither NUL nor half of a surrogate pair, which ids may. They are written as two characters that
// sort, and begin other texts, exactly where the one would: U+0000 and U+0001 as U+0001 and one more, the halves (D800 to DFFF)
// and their neighbour U+D7FF as U+D7FF and one more. All other ids look in the table as they are.
const HALF = /\p{Surrogate}/gu;
const ESCAPED_HALF = /\ud7ff([\ue000-\ue7ff])/gu;
const HALF_TO_LETTER = 0xe000 - 0xd800;

/** The text that stands for a collection, an id or a prefix in the database. */
export const encodeKey = (key: string): string =>
  key
    .replaceAll('\u0001', '\u0001\u0002')
    .replaceAll('\u0000', '\u0001\u0001')
    .replaceAll('\ud7ff', '\ud7ff\u0001')
    .replace(HALF, (half) => `\ud7ff${String.fromCharCode(half.charCodeAt(0) + HALF_TO_LETTER)}`);

export const decodeKey = (text: string): string =>
  text
    .replace(ESCAPED_HALF, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) - HALF_TO_LETTER))
    .replaceAll('\ud7ff\u0001', '\ud7ff')
    .replaceAll('\u0001\u0001', '\u0000')
    .replaceAll('\u0001\u0002', '\u0001');
