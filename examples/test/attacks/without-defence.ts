import { resolve } from 'node:path';
import type { Plugin } from 'vitest/config';
import { replacementsOf } from './defence.ts';
import { defences } from './defences.ts';

/**
 * The product without one of its defences: with `WITHOUT_DEFENCE=4/2`, the second one against attack 4 is taken out of its
 * file when that is loaded. Whoever changes the variable later must invalidate the files of both.
 */
export function withoutDefence(): Plugin[] {
  const { WITHOUT_DEFENCE: first } = process.env;
  if (first === undefined) return [];
  if (first !== '' && !defences.has(first))
    throw new Error(`WITHOUT_DEFENCE: there is no defence ${first}, write it like 4/2.`);
  const takenOutOf = (id: string) => {
    const defence = defences.get(process.env.WITHOUT_DEFENCE ?? '');
    return defence ? replacementsOf(defence).filter(({ file }) => resolve(file) === id) : [];
  };
  return [
    {
      name: 'without-defence',
      enforce: 'pre',
      // Translated files are kept on disk for later runs: never one without its defence, and the others as ever.
      api: { vitest: { ignoreFsModuleCache: true } },
      configureVitest: ({ defineCacheKeyGenerator }) =>
        defineCacheKeyGenerator(({ id }) => (takenOutOf(id).length > 0 ? false : undefined)),
      transform(code, id) {
        const taken = takenOutOf(id);
        if (taken.length === 0) return undefined;
        return taken.reduce((text, { from, to }) => text.replace(from, () => to), code);
      },
    },
  ];
}
