/** One place of a source file, and what it becomes without the defence. */
export interface Replacement {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

/**
 * Something in the product that holds an attack off. The tests of the attack fail without it.
 *
 * Where two defences cover for one another, `replacements` takes both away.
 */
export type Defence = {
  /** The number in the name of the tests: `attack 4: …`. */
  readonly attack: number;
  /** What is missing without it, in a few words. */
  readonly what: string;
} & (Replacement | { readonly replacements: readonly Replacement[] });

/** What a defence takes away, as a list in either case. */
export const replacementsOf = (defence: Defence): readonly Replacement[] =>
  'replacements' in defence ? defence.replacements : [defence];
