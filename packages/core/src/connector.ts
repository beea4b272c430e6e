import type { z } from 'zod';
import { createAttempts } from './attempt.ts';
import { createAuthorization } from './authorization.ts';
import {
  type BeginRequest,
  type Begun,
  createAuthorizationBegin,
  type Invited,
  type InviteRequest,
} from './authorization-begin.ts';
import { createBindings } from './bindings.ts';
import type { CallOptions } from './call-options.ts';
import { systemClock } from './clock.ts';
import { type Connections, createConnections } from './connections.ts';
import { type ConnectorOptions, connectorOptions } from './connector-options.ts';
import { type ConsentCheck, createConsent, isRefusal } from './consent.ts';
import { createCredentialWatch } from './credential-watch.ts';
import type { RemovedMessage } from './departures.ts';
import type { DirectoryPreview } from './directory-preview.ts';
import type { DirectoryRun } from './directory-run.ts';
import { parseScope } from './directory-scope.ts';
import { createEvents, type Events } from './events.ts';
import type { MessageFailure } from './failure.ts';
import { createHandler, type Handler } from './handler.ts';
import { createInvitations } from './invitation.ts';
import { silentLogger } from './logger.ts';
import type { MailStatus } from './mail-status.ts';
import { parseMailSync } from './mail-sync-options.ts';
import { parseOptions, parseRequest } from './options.ts';
import { plainPages } from './pages.ts';
import type { AccessToken, TokenOptions } from './provider.ts';
import * as requests from './requests.ts';
import type { Task, TaskOutcome } from './task.ts';
import { watchTokens } from './token-watch.ts';
import { createWork } from './work.ts';
import type { ConnectionWork } from './workload.ts';

/** Every call throws ConnectorError `invalid_request`, which names the parameter, for what it cannot use; then nothing has changed. */
export interface Connector {
  readonly connections: Connections;
  readonly authorization: {
    /** First time and re-authorise alike. A host that mounts `handler` sends the browser to `begin` there instead. */
    begin(request: BeginRequest): Promise<Begun>;
    /**
     * A link for an administrator of the tenant who is no user of the host. Its page names the organization, the administrator
     * signs in, consents and confirms; then `connection.authorized` names who sent it.
     * @throws ConnectorError `not_found`, `invalid_request`, `refused` when the connection was ended
     */
    invite(request: InviteRequest): Promise<Invited>;
    /**
     * Asks the service now what the tenant grants: for when an administrator approved, or withdrew, in the service's own pages.
     * It never binds a tenant.
     * @throws ConnectorError `refused` when nobody of the tenant has signed in for the connection yet, or it was ended;
     * `unavailable`, `throttled` and `credential_invalid`, which change nothing
     */
    check(connectionId: string, options?: CallOptions): Promise<ConsentCheck>;
  };
  readonly directory: {
    /**
     * Synchronises now; joins a run that is under way, in whichever process. When the service asks to wait, it waits.
     * `allowRemovals` lets through what is held, and whatever else was removed meanwhile. `full` reads everything anew.
     * @throws ConnectorError `refused` when the connection is not active, `aborted` when it was ended or the connector closed
     */
    sync(
      connectionId: string,
      options?: {
        readonly signal?: AbortSignal | undefined;
        readonly allowRemovals?: boolean | undefined;
        readonly full?: boolean | undefined;
      },
    ): Promise<DirectoryRun>;
    /**
     * What a sync would do now, without doing it. A directory that was never read is read whole for it.
     * @throws ConnectorError as `sync` does
     */
    preview(connectionId: string, options?: CallOptions): Promise<DirectoryPreview>;
    /** Asks the scheduler for a run at once. */
    request(connectionId: string): Promise<void>;
    /** The last run, however it ended. */
    status(connectionId: string): Promise<DirectoryRun | undefined>;
    /** The last thirty runs, the newest first. */
    runs(connectionId: string): Promise<readonly DirectoryRun[]>;
  };
  readonly mail: {
    status(connectionId: string): Promise<MailStatus>;
    /** The messages that could not be fetched so far, of all mailboxes or of one. */
    failures(connectionId: string, mailboxId?: string): AsyncIterable<MessageFailure>;
    /** Archived messages that are in none of the folders that are synchronised any more, of all mailboxes or of one. */
    removed(connectionId: string, mailboxId?: string): AsyncIterable<RemovedMessage>;
    /**
     * Tries the failures again as soon as the scheduler comes to them, of all mailboxes or of one, however long they were put off.
     * @returns how many there are
     */
    retryFailed(connectionId: string, mailboxId?: string): Promise<number>;
    /**
     * Stops the mail until `resume`: here at once, in other processes within seconds. What is archived stays, and nothing is read twice.
     * `reason` is shown in the status.
     */
    pause(connectionId: string, options?: { readonly reason?: string | undefined }): Promise<void>;
    /** As `pause`, and forgets what was begun: `resume` looks for mailboxes anew, and goes on from where each folder stood. */
    cancel(connectionId: string, options?: { readonly reason?: string | undefined }): Promise<void>;
    resume(connectionId: string): Promise<void>;
  };
  /**
   * A token for calls of the host's own to the service. That the service refuses the tenant counts as a refusal of work.
   * @throws ConnectorError `refused` when the connection is not active, and whatever the provider throws
   */
  accessToken(connectionId: string, options?: TokenOptions): Promise<AccessToken>;
  /**
   * What a scheduler calls: one run of a task, or one slice of it.
   * @throws ConnectorError `refused` when the connection is not active, `aborted` when the connector is closed, and whatever ended the task
   */
  run(task: Task, options?: { readonly signal?: AbortSignal | undefined }): Promise<TaskOutcome>;
  /** What is recorded of the work of all active connections, for a planner. */
  workload(): Promise<readonly ConnectionWork[]>;
  /** The pages of the connect flow: mount it below `baseUrl`. */
  readonly handler: Handler;
  readonly events: Events;
  /** Stops what runs in this process. What was passed in stays open: whoever made it closes it. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const DAY = 24 * 3600_000;

/**
 * Connects a host's organizations to their tenants, and keeps directory and mail in step.
 * @throws ConnectorError `invalid_options` that names the field
 */
export function createConnector(options: ConnectorOptions): Connector {
  const {
    providers,
    storage,
    directory,
    archive,
    baseUrl,
    hooks,
    logger = silentLogger,
    clock = systemClock,
    directorySync: { threshold: { share = 0.1, count = 20 } = {}, fullEvery = 7, scope, transform } = {},
    mailSync = {},
    slice = 60_000,
    encryption,
    pages,
  } = parseOptions('createConnector', connectorOptions, options);
  const { events, emit } = createEvents(logger);
  const bindings = createBindings(storage);
  const connections = createConnections({
    providers: new Map(providers.map((provider) => [provider.id, provider])),
    storage,
    bindings,
    clock,
    emit,
    async cancelAuthorization(connectionId) {
      await attempts.cancel(connectionId);
      await invitations.cancel(connectionId);
    },
    stopWork: (connectionId) => work.stop(connectionId),
    eraseWork: (connectionId) => work.erase(connectionId),
  });
  const consent = createConsent({ connections, bindings, clock, emit });
  const work = createWork({
    connections,
    consent,
    storage,
    directory,
    archive,
    clock,
    emit,
    logger,
    directorySync: {
      threshold: { share, count },
      fullEvery: fullEvery * DAY,
      scope: typeof scope === 'object' ? parseScope(scope) : scope,
      transform,
    },
    mailSync: typeof mailSync === 'function' ? mailSync : parseMailSync(mailSync),
    slice,
  });
  const findConnection = connections.get;
  const attempts = createAttempts({ storage, clock, findConnection, cipher: encryption });
  const invitations = createInvitations({ storage, clock, findConnection });
  const redirectUri = `${baseUrl.href}/callback`;
  const begin = createAuthorizationBegin({ connections, attempts, invitations, baseUrl, redirectUri });
  const authorization = createAuthorization({
    connections,
    consent,
    attempts,
    invitations,
    hooks,
    redirectUri,
    clock,
    logger,
  });
  const unwatch = watchTokens({ providers, connections, bindings, hooks, emit, clock, logger });
  const credentials = createCredentialWatch({ providers, storage, clock, emit });
  const close = async () => {
    unwatch();
    await work.close();
  };
  const handler = createHandler({
    begin,
    authorization,
    connections,
    pages: { ...plainPages, ...pages },
    baseUrl,
    logger,
  });
  const idOf = (connectionId: unknown) => parseRequest(requests.connectionId, connectionId, 'connectionId');
  const optionsOf = <Schema extends z.ZodType>(schema: Schema, given: unknown) =>
    parseRequest(schema, given, 'options');

  // What a host passes is looked at here, so that the parts behind can rely on it.
  return {
    connections: {
      register: async (request, given) =>
        connections.register(request, optionsOf(requests.callOptions, given)),
      get: async (connectionId) => connections.get(idOf(connectionId)),
      async ofOrganization(organizationId, providerId) {
        const organization = parseRequest(requests.organizationId, organizationId, 'organizationId');
        const provider = parseRequest(requests.providerId.optional(), providerId, 'providerId');
        return connections.ofOrganization(organization, provider);
      },
      list: (filter) => connections.list(parseRequest(requests.listFilter, filter, 'filter')),
      permissions: async (connectionId) => connections.permissions(idOf(connectionId)),
      disconnect: async (connectionId, given) =>
        connections.disconnect(idOf(connectionId), optionsOf(requests.disconnectOptions, given)),
    },
    authorization: {
      begin: begin.begin,
      invite: begin.invite,
      check: async (connectionId, given) =>
        consent.check(idOf(connectionId), optionsOf(requests.callOptions, given)),
    },
    directory: {
      sync: async (connectionId, given) =>
        work.directory.sync(idOf(connectionId), optionsOf(requests.syncOptions, given)),
      preview: async (connectionId, given) =>
        work.directory.preview(idOf(connectionId), optionsOf(requests.callOptions, given)),
      runs: async (connectionId) => work.directory.runs(idOf(connectionId)),
      request: async (connectionId) => work.directory.request(idOf(connectionId)),
      status: async (connectionId) => work.directory.status(idOf(connectionId)),
    },
    mail: {
      status: async (connectionId) => work.mail.status(idOf(connectionId)),
      failures(connectionId, mailboxId) {
        const mailbox = parseRequest(requests.mailboxId.optional(), mailboxId, 'mailboxId');
        return work.mail.failures(idOf(connectionId), mailbox);
      },
      removed(connectionId, mailboxId) {
        const mailbox = parseRequest(requests.mailboxId.optional(), mailboxId, 'mailboxId');
        return work.mail.removed(idOf(connectionId), mailbox);
      },
      async retryFailed(connectionId, mailboxId) {
        const mailbox = parseRequest(requests.mailboxId.optional(), mailboxId, 'mailboxId');
        return work.mail.retryFailed(idOf(connectionId), mailbox);
      },
      pause: async (connectionId, given) =>
        work.mail.pause(idOf(connectionId), optionsOf(requests.haltOptions, given)),
      cancel: async (connectionId, given) =>
        work.mail.cancel(idOf(connectionId), optionsOf(requests.haltOptions, given)),
      resume: async (connectionId) => work.mail.resume(idOf(connectionId)),
    },
    async accessToken(connectionId, given) {
      const id = idOf(connectionId);
      const tokenOptions = optionsOf(requests.tokenOptions, given);
      const connection = await connections.requireActive(id);
      try {
        const token = await connections.provider(connection).acquireToken(connection.tenant, tokenOptions);
        // It may have been ended while the token was on its way.
        await connections.requireActive(id);
        return token;
      } catch (error) {
        if (isRefusal(error)) await consent.reportRefusal(id, error).catch(() => undefined);
        throw error;
      }
    },
    run: async (task, given) =>
      work.run(parseRequest(requests.task, task, 'task'), optionsOf(requests.signalOptions, given)),
    async workload() {
      await credentials.check();
      return work.workload();
    },
    handler: async (request) => handler(parseRequest(requests.webRequest, request)),
    events,
    close,
    [Symbol.asyncDispose]: close,
  };
}
