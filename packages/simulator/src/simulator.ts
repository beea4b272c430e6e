import type { AppRegistration } from './app-registration.ts';
import { CALLABLE, type Callable, callByName } from './callable.ts';
import type { Account, SimulatedTenant } from './directory/tenant.ts';
import type { Fault } from './fault.ts';
import { streamOf } from './graph/graph-response.ts';
import { createGraphService } from './graph/graph-service.ts';
import { createLoginService } from './login/login-service.ts';
import type { ManifestEntry } from './mail/mailbox.ts';
import { createMutations, type Mutations } from './mutations.ts';
import { emptyCounts, type RequestCounts } from './request-counts.ts';
import { parseScenario } from './scenario/parse-scenario.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { createWorld } from './world.ts';

/** One of the two services, under whatever host name a request for it came in. */
export interface Service {
  /** Where it says that it is: in links, issuers and endpoints. */
  readonly origin: string;
  fetch(request: Request): Promise<Response>;
}

/** A Microsoft 365: sign-in service and Graph, with tenants, people and mail. */
export interface Simulator extends Mutations {
  readonly login: Service;
  readonly graph: Service;
  /** The app registration; change it with {@link Mutations.updateApp}. */
  readonly app: AppRegistration;
  readonly tenants: readonly SimulatedTenant[];
  /** A personal Microsoft account: it belongs to {@link PERSONAL_TENANT_ID} and to none of the tenants. */
  readonly personalAccount: Account;
  /** What was asked so far; the same object all the time. */
  readonly counts: RequestCounts;
  /** Answers a request to either origin. @throws TypeError when it is for another one */
  fetch(request: Request): Promise<Response>;
  resetCounts(): void;
  /** Every message that a tenant holds, each once; search folders show nothing of their own. */
  manifest(tenant: string | SimulatedTenant): Iterable<ManifestEntry>;
  /** The raw bytes of a message, by either form of its id. @throws RangeError when there is no such message */
  content(tenantId: string, mailboxId: string, messageId: string): ReadableStream<Uint8Array>;
  /** The next requests that match get this answer. */
  inject(fault: Fault): void;
  /** Drops the faults and the forged id tokens that still wait. */
  clearFaults(): void;
  /**
   * Begins a scenario now, in place of the one before; null ends it. Its quirks stay.
   * @throws RangeError that names the field that is wrong
   */
  setScenario(scenario: Scenario | null): void;
}

/** Creates a simulator. Nothing is running: it answers the requests that are passed to it. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const world = createWorld(options);
  const { loginOrigin, graphOrigin } = world.settings;
  if (loginOrigin === graphOrigin)
    throw new RangeError('loginOrigin and graphOrigin must differ: give one of them another port.');
  const login: Service = { origin: loginOrigin, fetch: createLoginService(world) };
  const graph: Service = { origin: graphOrigin, fetch: createGraphService(world) };
  const tenantOf = (tenant: string | SimulatedTenant): SimulatedTenant => {
    const found =
      typeof tenant === 'string'
        ? world.tenants.find((one) => one.id === tenant || one.name === tenant)
        : tenant;
    if (found === undefined) throw new RangeError(`There is no tenant '${String(tenant)}'.`);
    return found;
  };
  const simulator: Simulator = {
    ...createMutations(world),
    login,
    graph,
    get app() {
      return world.app;
    },
    tenants: world.tenants,
    personalAccount: world.personal.administrator,
    counts: world.counts,
    fetch: (request) => {
      const { origin } = new URL(request.url);
      if (origin === graph.origin) return graph.fetch(request);
      if (origin === login.origin) return login.fetch(request);
      return Promise.reject(
        new TypeError(`The simulator answers ${login.origin} and ${graph.origin}, not ${origin}.`),
      );
    },
    resetCounts: () => {
      Object.assign(world.counts, emptyCounts());
    },
    *manifest(tenant) {
      const found = tenantOf(tenant);
      for (const id of found.mailboxes) yield* found.mailbox(id)?.manifest() ?? [];
    },
    content: (tenantId, mailboxId, messageId) => {
      const mailbox = tenantOf(tenantId).mailbox(mailboxId);
      const number = mailbox?.resolve(messageId, 'immutable');
      if (mailbox === undefined || number === undefined) throw new RangeError('There is no such message.');
      return streamOf(mailbox.chunks(number), () => {});
    },
    inject: world.faults.add,
    clearFaults: () => {
      world.faults.clear();
      world.forgeries.clear();
    },
    setScenario: (given) => {
      const scenario = given === null ? undefined : parseScenario(given, CALLABLE);
      world.rehearsal.begin(scenario, ({ call, arguments: values }) => {
        callByName(simulator, call as Callable, values);
      });
      world.settings.quirks = { ...world.settings.quirks, ...scenario?.quirks };
    },
  };
  if (options.scenario !== undefined) simulator.setScenario(options.scenario);
  return simulator;
}
