import { share } from '../random.ts';
import type { World } from '../world.ts';
import type { Answer } from './graph-call.ts';
import { badRequest } from './graph-failure.ts';
import { gather } from './graph-response.ts';
import type { GraphRequest, HeldAnswer } from './graph-service.ts';

/** Most parts of one batch ("Combine multiple HTTP requests using JSON batching"). */
const MOST_PARTS = 20;
/** Parts without order run so many at a time, whatever mailboxes they are about. */
const AT_A_TIME = 4;

interface Part {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly dependsOn?: readonly string[];
}

interface PartAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `POST /$batch`: 200 whatever became of the parts; each part counts alone at the limits. */
export async function answerBatch(
  world: World,
  request: GraphRequest,
  handle: (part: GraphRequest) => Promise<HeldAnswer>,
): Promise<Answer> {
  const parts = partsOf(await request.json().catch(() => undefined));
  const done = new Map<string, PartAnswer>();
  const ordered = parts.some((part) => (part.dependsOn?.length ?? 0) > 0);
  const one = async (part: Part): Promise<void> => {
    const key = part.id.toLowerCase();
    const failed = part.dependsOn?.some((id) => (done.get(id.toLowerCase())?.status ?? 500) >= 400) ?? false;
    const error = {
      error: { code: 'FailedDependency', message: 'A request that this one depends on failed.' },
    };
    done.set(
      key,
      failed
        ? { id: part.id, status: 424, headers: {}, body: error }
        : await answerPart(request, part, handle),
    );
  };
  if (ordered) for (const part of parts) await one(part);
  else {
    const waiting = [...parts];
    const lane = async () => {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) await one(part);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  }
  // The order of the answers is not promised, so it is not kept.
  const responses = [...done.values()].sort(
    (a, b) => share(world.settings.seed, 'batch', a.id) - share(world.settings.seed, 'batch', b.id),
  );
  return { status: 200, json: { responses } };
}

function partsOf(body: unknown): readonly Part[] {
  const requests = (body as { requests?: unknown } | undefined)?.requests;
  if (!Array.isArray(requests) || requests.length === 0) throw badRequest('Invalid batch payload format.');
  if (requests.length > MOST_PARTS)
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${MOST_PARTS}.`);
  const ids = new Set<string>();
  for (const part of requests as readonly Partial<Part>[]) {
    if (typeof part.id !== 'string' || typeof part.method !== 'string' || typeof part.url !== 'string')
      throw badRequest('Each request of a batch needs id, method and url.');
    const id = part.id.toLowerCase();
    if (ids.has(id)) throw badRequest(`The request id '${part.id}' is used more than once.`);
    for (const earlier of part.dependsOn ?? []) {
      if (!ids.has(earlier.toLowerCase()))
        throw badRequest(`'${part.id}' depends on '${earlier}', which does not come before it.`);
    }
    if (
      part.body !== undefined &&
      !Object.keys(part.headers ?? {}).some((name) => name.toLowerCase() === 'content-type')
    )
      throw badRequest(`The request '${part.id}' has a body and needs the header Content-Type.`);
    ids.add(id);
  }
  return requests as readonly Part[];
}

async function answerPart(
  envelope: GraphRequest,
  part: Part,
  handle: (request: GraphRequest) => Promise<HeldAnswer>,
): Promise<PartAnswer> {
  if (/^[a-z]+:\/\//i.test(part.url)) {
    const error = { error: { code: 'BadRequest', message: 'The url of a part is relative to the version.' } };
    return { id: part.id, status: 400, headers: {}, body: error };
  }
  const headers = new Headers(part.headers);
  const mark = part.url.includes('?') ? part.url.indexOf('?') : part.url.length;
  const held = await handle({
    method: part.method.toUpperCase(),
    path: `/v1.0/${part.url.slice(0, mark)}`,
    query: new URLSearchParams(part.url.slice(mark + 1)),
    signal: envelope.signal,
    // Only who asks comes from the envelope; Prefer and ConsistencyLevel must stand in each part.
    header: (name) => (name === 'authorization' ? envelope.header(name) : headers.get(name)),
    json: async () => part.body,
  });
  const { status, content, json } = held.answer;
  const given = Object.entries(held.answer.headers ?? {}).map(([name, value]) => [
    name === 'retry-after' ? 'Retry-After' : name,
    value,
  ]);
  const shown: Record<string, string> = {
    'Cache-Control': 'private',
    'Content-Type': 'application/json',
    ...Object.fromEntries(given),
  };
  // Raw content comes as base64 text, as seen in practice.
  const body = content === undefined ? json : Buffer.from(gather(content)).toString('base64');
  held.release();
  return { id: part.id, status, headers: shown, body };
}
