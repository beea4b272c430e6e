import { z } from 'zod';

/** The mark of a row that left its collection. */
export const removedSchema = z.object({ reason: z.string().nullish() });

/** `changed` is said of what can still be restored; anything else is gone for good. */
export const removalReason = ({ reason }: z.output<typeof removedSchema>): 'recoverable' | 'permanent' =>
  reason?.toLowerCase() === 'changed' ? 'recoverable' : 'permanent';
