/** Text that is HTML already. Everything else is escaped where it is put into a page. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | false | undefined | readonly Html[];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const markupOf = (part: Part): string => {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number')
    return String(part).replace(/[&<>"']/g, (character) => escapes[character] ?? '');
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('\n');
};

/** A template whose values are escaped, unless they are HTML; `undefined` and `false` leave nothing. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: texts.map((text, index) => text + markupOf(parts[index])).join(''),
});

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A moment for people and for machines. */
export function time(at: string | number): Html {
  const date = new Date(at);
  return html`<time datetime="${date.toISOString()}">${format.format(date)} UTC</time>`;
}

const numbers = new Intl.NumberFormat('en-GB');

/** Such as `12,345`. */
export const count = (number: number): string => numbers.format(number);

/** A part of a whole, such as `12 %`. */
export const percent = (share: number): string =>
  share > 0 && share < 0.01 ? 'less than 1 %' : `${Math.round(100 * share)} %`;
