import { z } from 'zod';
import { graphErrorCodes } from './graph-error-codes.ts';

/** A refusal as the service described it. */
export interface GraphProblem {
  readonly status: number;
  /** Whether the body is an error in Graph's own form: then it was Graph that answered. */
  readonly described: boolean;
  /** The innermost word that is known here, else the outermost one. */
  readonly serviceCode: string | undefined;
  readonly requestId: string | undefined;
  /** Whether it names the limit of requests at once. The text may hold addresses, so it is not kept. */
  readonly concurrency: boolean;
}

interface Inner {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly 'request-id'?: string | undefined;
  readonly innerError?: Inner | undefined;
  readonly innererror?: Inner | undefined;
}

const text = z.string().optional().catch(undefined);
const innerSchema: z.ZodType<Inner> = z.lazy(() =>
  z.object({
    code: text,
    message: text,
    'request-id': text,
    innerError: innerSchema.optional().catch(undefined),
    innererror: innerSchema.optional().catch(undefined),
  }),
);
const bodySchema = z.object({ error: innerSchema });

const DEEPEST = 8;

/** Reads a refusal. A body that is not in Graph's form tells nothing. */
export function readProblem(status: number, body: string, requestId: string | null): GraphProblem {
  const levels = levelsOf(body);
  const words = levels
    .map(({ code }) => code)
    .filter((code) => code !== undefined && /^[\w.-]{1,80}$/.test(code));
  const known = words.findLast((code) => code !== undefined && graphErrorCodes.has(code.toLowerCase()));
  return {
    status,
    described: levels.length > 0,
    serviceCode: known ?? words[0],
    requestId: requestId ?? levels.find((level) => level['request-id'])?.['request-id'],
    concurrency: levels.some(({ message }) => message?.includes('MailboxConcurrency')),
  };
}

function levelsOf(body: string): readonly Inner[] {
  const levels: Inner[] = [];
  let level: Inner | undefined = parse(body);
  while (level && levels.length < DEEPEST) {
    levels.push(level);
    level = level.innerError ?? level.innererror;
  }
  return levels;
}

function parse(body: string): Inner | undefined {
  try {
    return bodySchema.safeParse(JSON.parse(body)).data?.error;
  } catch {
    return undefined;
  }
}
