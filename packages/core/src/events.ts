import { EventEmitter } from 'eventemitter3';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { DirectoryRun } from './directory-run.ts';
import type { Logger } from './logger.ts';
import type { MailboxStatus } from './mailbox.ts';
import type { Task } from './task.ts';

/**
 * What the connector tells, in the process in which it happens and in no other. Listeners can break nothing: one that throws, or
 * returns a promise that rejects, is logged.
 */
export interface ConnectorEvents {
  /**
   * The connection works: an administrator authorised it, for the first time or again, or a verification found that the tenant
   * grants again what was gone. In the latter case `connection.authorized` is the earlier authorisation.
   */
  'connection.activated': (event: { readonly connection: Connection }) => void;
  /** The tenant's consent is gone; work rests until an administrator re-authorises. */
  'connection.reauthorization_required': (event: {
    readonly connection: Connection;
    /** The service's own word, such as `AADSTS7000112`, or `permission_missing`. */
    readonly code: string;
    /** One sentence: what the administrator must do. */
    readonly message: string;
  }) => void;
  /** What the tenant grants is no longer what it was: `connection.disabled` and `connections.permissions` tell. */
  'connection.permissions_changed': (event: { readonly connection: Connection }) => void;
  'connection.disconnected': (event: { readonly connection: Connection }) => void;
  /** `connectionId` is absent while the tenant belongs to nobody yet. `expiresAt`: epoch milliseconds. */
  'token.refreshed': (event: {
    readonly providerId: string;
    readonly tenantId: string;
    readonly connectionId: string | undefined;
    readonly expiresAt: number;
  }) => void;
  'token.refresh_failed': (event: {
    readonly providerId: string;
    readonly tenantId: string;
    readonly connectionId: string | undefined;
    readonly error: ConnectorError;
  }) => void;
  /**
   * The host's own credential ends in at most `days` days: 30, 7 or 1. It concerns every tenant, and no tenant's administrator
   * can do anything about it.
   *
   * It is found out by `workload()`, that is by a scheduler that looks what there is to do: without one, nothing is told. Each of
   * the three is told at most once, by one of all processes, so that every process that runs a scheduler must listen.
   */
  'credential.expiring': (event: {
    readonly providerId: string;
    /** Epoch milliseconds. */
    readonly expiresAt: number;
    readonly days: 30 | 7 | 1;
  }) => void;
  'directory.synced': (event: { readonly run: DirectoryRun }) => void;
  /**
   * More was removed than is believable: `run.held` says of what. Nothing of it is applied until somebody lets it through with
   * `directory.sync(connectionId, { allowRemovals: true })`, or the entries come back. Told at the end of each run that holds something.
   */
  'directory.held': (event: { readonly run: DirectoryRun }) => void;
  /** A message is durable in the archive. */
  'message.archived': (event: {
    readonly connectionId: string;
    readonly mailboxId: string;
    readonly bytes: number;
  }) => void;
  /** A message could not be fetched; `mail.failures` lists it, and it is tried again later. */
  'message.failed': (event: {
    readonly connectionId: string;
    readonly mailboxId: string;
    readonly messageId: string;
    readonly code: string;
  }) => void;
  /**
   * An archived message is in none of the folders that are synchronised any more; `mail.removed` lists it. An archive that wants to know for
   * certain implements `mark`.
   */
  'message.removed': (event: {
    readonly connectionId: string;
    readonly mailboxId: string;
    readonly messageId: string;
  }) => void;
  /** The recorded progress of a mailbox changed. */
  'mailbox.progressed': (event: { readonly connectionId: string; readonly mailbox: MailboxStatus }) => void;
  'task.failed': (event: { readonly task: Task; readonly error: ConnectorError }) => void;
}

const eventNames: Readonly<Record<keyof ConnectorEvents, true>> = {
  'connection.activated': true,
  'connection.reauthorization_required': true,
  'connection.permissions_changed': true,
  'connection.disconnected': true,
  'token.refreshed': true,
  'token.refresh_failed': true,
  'credential.expiring': true,
  'directory.synced': true,
  'directory.held': true,
  'message.archived': true,
  'message.failed': true,
  'message.removed': true,
  'mailbox.progressed': true,
  'task.failed': true,
};

export interface Events {
  /** @throws ConnectorError `invalid_request` for a name that is no event's, or a listener that is no function */
  on<Name extends keyof ConnectorEvents>(name: Name, listener: ConnectorEvents[Name]): void;
  /** @throws ConnectorError `invalid_request`, as `on` does */
  off<Name extends keyof ConnectorEvents>(name: Name, listener: ConnectorEvents[Name]): void;
}

export type Emit = <Name extends keyof ConnectorEvents>(
  name: Name,
  event: Parameters<ConnectorEvents[Name]>[0],
) => void;

/** An emitter whose listeners cannot break the work that they listen to. */
export function createEvents(logger: Logger): { readonly events: Events; readonly emit: Emit } {
  const emitter = new EventEmitter<ConnectorEvents>();
  const emit: Emit = (name, event) => {
    for (const listener of emitter.listeners(name)) {
      const failed = (error: unknown) =>
        logger.error(
          { event: name, error: error instanceof Error ? error.name : 'unknown' },
          'A listener threw.',
        );
      try {
        // Asynchronous listeners are taken too, and nobody waits for them.
        Promise.resolve((listener as (event: unknown) => unknown)(event)).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  };
  const events: Events = {
    on(name, listener) {
      requireSubscription(name, listener);
      emitter.on(name, listener as never);
    },
    off(name, listener) {
      requireSubscription(name, listener);
      emitter.off(name, listener as never);
    },
  };
  return { events, emit };
}

function requireSubscription(name: unknown, listener: unknown): void {
  if (typeof name !== 'string' || !Object.hasOwn(eventNames, name)) {
    const message = `name: must be one of ${Object.keys(eventNames).join(', ')}`;
    throw new ConnectorError('invalid_request', message, { field: 'name' });
  }
  if (typeof listener !== 'function')
    throw new ConnectorError('invalid_request', 'listener: must be a function', { field: 'listener' });
}
