export type { BeginRequest, Begun, Invited, InviteRequest } from './authorization-begin.ts';
export type { CallOptions, Usage } from './call-options.ts';
export type { Cipher, Opened, SealContext } from './cipher.ts';
export { type Clock, systemClock } from './clock.ts';
export type {
  Authorized,
  Connection,
  ConnectionStatus,
  DisabledCapability,
  Reauthorization,
} from './connection.ts';
export type { ConnectionPermissions, Connections, RegisterRequest } from './connections.ts';
export { type Connector, createConnector } from './connector.ts';
export { ConnectorError, type ConnectorErrorOptions, type ErrorCode } from './connector-error.ts';
export type { ConnectorOptions } from './connector-options.ts';
export type { ConsentCheck } from './consent.ts';
export type { RemovedMessage } from './departures.ts';
export {
  type DirectoryBatch,
  type DirectoryChange,
  type DirectoryContact,
  type DirectoryDomain,
  type DirectoryEntry,
  type DirectoryGroup,
  type DirectoryKind,
  type DirectoryReadOptions,
  type DirectorySink,
  type DirectorySource,
  type DirectoryUser,
  directoryKinds,
  type EmailAddress,
  type GroupMember,
  type GroupType,
  type MailboxKind,
  type Omission,
} from './directory.ts';
export type { DirectoryPreview } from './directory-preview.ts';
export type { DirectoryCounts, DirectoryRun } from './directory-run.ts';
export type { ContactScope, DirectoryScope, GroupScope, UserScope } from './directory-scope.ts';
export type { DirectoryTransform } from './entry-selection.ts';
export type { ConnectorEvents, Events } from './events.ts';
export type { MessageFailure } from './failure.ts';
export type { Handler } from './handler.ts';
export type { HeldRemovals, RemovalThreshold } from './held-removals.ts';
export type { Hooks, TokenContext } from './hooks.ts';
export type { Json } from './json.ts';
export { keyring } from './keyring.ts';
export { type Logger, silentLogger } from './logger.ts';
export {
  type FolderOptions,
  type FolderRef,
  type FolderRole,
  folderRoles,
  type MailArchive,
  type Mailbox,
  type MailboxRef,
  type MailFolder,
  type MailSource,
  type MessageRef,
  type StoredMessage,
} from './mail.ts';
export type { MailState, MailStatus } from './mail-status.ts';
export type { MailSync, MailSyncOptions } from './mail-sync-options.ts';
export type { MailboxState, MailboxStatus, MailCounts } from './mailbox.ts';
export { type MemoryArchive, memoryArchive } from './memory-archive.ts';
export { type GroupEntry, type MemoryDirectory, memoryDirectory } from './memory-directory.ts';
export { memoryStorage } from './memory-storage.ts';
export type { Pace } from './pace.ts';
export type { Change, Cursor, Page } from './page.ts';
export type { PageForm, Pages } from './pages.ts';
export type {
  AccessToken,
  Capability,
  Grant,
  Permission,
  Provider,
  ProviderAuthorization,
  SignedInPerson,
  TokenOptions,
  TokenWatcher,
  VerifyOptions,
} from './provider.ts';
export type { QuietHours, QuietWindow } from './quiet-hours.ts';
export type {
  DeleteOptions,
  ListOptions,
  PutOptions,
  StorageAdapter,
  StoredRecord,
  Version,
  WriteOptions,
} from './storage-adapter.ts';
export { type Task, type TaskOutcome, taskKey } from './task.ts';
export type { Tenant, TenantRef } from './tenant.ts';
export type { ConnectionWork, MailboxWork } from './workload.ts';
