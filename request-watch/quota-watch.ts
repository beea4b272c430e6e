import type { Fault, Simulator, SimulatorOptions } from '@mailsphere/simulator';
import type { RequestWatch } from './request-watch.ts';

/**
 * A `createSimulator` whose refusals for want of resource units are told. A test asks for them when it sets `limits.directoryUnits`, or
 * places a fault with status 429: then they are its own business.
 */
export const watchSimulators =
  (create: (options?: SimulatorOptions) => Simulator, watch: RequestWatch) =>
  (options?: SimulatorOptions): Simulator => {
    const simulator = create(options);
    const { graph, inject } = simulator;
    const answer = graph.fetch;
    const { directoryUnits } = options?.limits || {};
    let isAskedFor = directoryUnits !== undefined;
    const watched: typeof answer = async (request) => {
      const response = await answer(request);
      if (!isAskedFor && isOverQuota(response)) watch.refused(request.headers.get('client-request-id'));
      return response;
    };
    // In place: the simulator itself, and its server, call them where they are.
    Object.assign(graph, { fetch: watched });
    return Object.assign(simulator, {
      inject(fault: Fault) {
        isAskedFor ||= isThrottling(fault);
        inject(fault);
      },
    });
  };

const isOverQuota = ({ status, headers }: Response) =>
  status === 429 && headers.get('x-ms-throttle-information') === 'ResourceUnitLimitExceeded';

const isThrottling = ({ answer }: Fault) =>
  typeof answer === 'object' && 'status' in answer && answer.status === 429;
