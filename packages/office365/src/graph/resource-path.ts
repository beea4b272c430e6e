/** One step of a path: a word of Microsoft Graph, whose case does not matter, or an id, whose case does. */
export type PathStep = string | { readonly id: string };

/** What a request is about, such as `['users', { id }, 'mailFolders']`. */
export type ResourcePath = readonly PathStep[];

/** The path as it is asked for. */
export const pathText = (path: ResourcePath): string =>
  path.map((step) => `/${typeof step === 'string' ? step : encodeURIComponent(step.id)}`).join('');

/**
 * Whether the path of a URL is about the same thing. The service writes its links in its own way:
 * `users('id')/mailfolders('id')/messages/delta`, or with `microsoft.graph.delta`.
 */
export function samePath(pathname: string, path: ResourcePath): boolean {
  const found = stepsOf(pathname);
  return (
    found !== undefined &&
    found.length === path.length &&
    path.every((step, index) => {
      const text = found[index] ?? '';
      return typeof step === 'string' ? plainWord(text) === plainWord(step) : text === step.id;
    })
  );
}

const KEYED = /^([A-Za-z]+)\('(.*)'\)$/s;

function stepsOf(pathname: string): readonly string[] | undefined {
  try {
    return pathname
      .split('/')
      .slice(1)
      .map(decodeURIComponent)
      .flatMap((segment) => {
        const [, word, id] = KEYED.exec(segment) ?? [];
        return word === undefined || id === undefined ? [segment] : [word, id.replaceAll("''", "'")];
      });
  } catch {
    return undefined;
  }
}

const plainWord = (word: string) =>
  word
    .toLowerCase()
    .replace(/^microsoft\.graph\.delta$/, 'delta')
    .replace(/^(microsoft\.graph\.)?delta\(\)$/, 'delta');
