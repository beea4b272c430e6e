import type { Simulator } from '@mailsphere/simulator';

/** The answer to one request, which is made at once and delivered when the test says so. */
export interface HeldAnswer {
  /** Resolves when the answer is made. */
  readonly made: Promise<void>;
  deliver(): void;
  /** The path of the request, once it was made. */
  request(): string | undefined;
}

/** Holds the answer to the request of this number, from 1, among those whose path ends so. */
export function holdAnswer(simulator: Simulator, path: string, number: number): HeldAnswer {
  const made = Promise.withResolvers<void>();
  const delivered = Promise.withResolvers<void>();
  const answer = simulator.graph.fetch;
  let seen = 0;
  let requested: string | undefined;
  const held: typeof answer = async (request) => {
    const { pathname } = new URL(request.url);
    const isHeld = pathname.endsWith(path) && ++seen === number;
    if (isHeld) requested = pathname;
    const response = await answer(request);
    if (isHeld) {
      made.resolve();
      await delivered.promise;
    }
    return response;
  };
  // In place, because the server calls it where it is.
  Object.assign(simulator.graph, { fetch: held });
  return { made: made.promise, deliver: delivered.resolve, request: () => requested };
}
