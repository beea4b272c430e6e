import type { Defence } from './defence.ts';
import { serviceDefences } from './service-defences.ts';
import { signInDefences } from './sign-in-defences.ts';

/** Every defence by name: `4/2` is the second one against attack 4. */
export const defences: ReadonlyMap<string, Defence> = new Map(
  Object.values(Object.groupBy([...signInDefences, ...serviceDefences], ({ attack }) => attack)).flatMap(
    (ofAttack = []) => ofAttack.map((defence, index) => [`${defence.attack}/${index + 1}`, defence] as const),
  ),
);
