import { EventEmitter } from 'eventemitter3';
import type { Connection } from './connection.ts';
import type { ConnectorError } from './connector-error.ts';
import type { DirectoryRun } from './directory-run.ts';
import type { Logger } from './logger.ts';
import type { MailboxStatus } from './mailbox.ts';
import type { Task } from './task.ts';

/** What the connector tells. Listeners can break nothing: one that throws is logged. */
export interface ConnectorEvents {
  /** An administrator authorised the connection, for the first time or again. */
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
   * The host's own credential ends in at most `days` days: 30, 7 or 1. Each is told once, by one of all processes. It
   * concerns every tenant, and no tenant's administrator can do anything about it.
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
  /** The recorded progress of a mailbox changed. */
  'mailbox.progressed': (event: { readonly connectionId: string; readonly mailbox: MailboxStatus }) => void;
  'task.failed': (event: { readonly task: Task; readonly error: ConnectorError }) => void;
}

export interface Events {
  on<Name extends keyof ConnectorEvents>(name: Name, listener: ConnectorEvents[Name]): void;
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
      try {
        (listener as (event: unknown) => void)(event);
      } catch (error) {
        logger.error(
          { event: name, error: error instanceof Error ? error.name : 'unknown' },
          'A listener threw.',
        );
      }
    }
  };
  const events: Events = {
    on: (name, listener) => void emitter.on(name, listener as never),
    off: (name, listener) => void emitter.off(name, listener as never),
  };
  return { events, emit };
}
