import type { NewMessage } from './mail/mailbox.ts';
import type { Simulator } from './simulator.ts';

/** Methods that can be called by name, from another process or a scenario. */
// biome-ignore format: a list
export const CALLABLE = [
  'addUser', 'removeUser', 'restoreUser', 'updateUser', 'addGroup', 'removeGroup', 'restoreGroup', 'updateGroup', 'addGroupMember', 'removeGroupMember',
  'addContact', 'updateContact', 'removeContact',
  'addMessage', 'moveMessage', 'removeMessage', 'markMessage', 'poisonMessage', 'addFolder', 'removeFolder', 'grantConsent', 'revokeGrant',
  'approveRequest', 'denyRequest', 'updatePolicy', 'disableServicePrincipal', 'enableServicePrincipal', 'deleteServicePrincipal',
  'staleServicePrincipal', 'assignMailboxes', 'deactivateRoles', 'activateRoles', 'deleteTenant', 'expireTokens', 'expireSecret',
  'expireCertificates', 'updateApp', 'rotateSigningKey', 'forgeIdToken', 'challengeTokens', 'updateQuirks', 'setPropagation',
  'advanceClock', 'inject', 'clearFaults', 'setScenario',
] as const satisfies readonly (keyof Simulator)[];

/** The name of such a method. */
export type Callable = (typeof CALLABLE)[number];

/** Calls a method with arguments as JSON has them: the bytes of a message are text. */
export function callByName(simulator: Simulator, name: Callable, given: readonly unknown[]): unknown {
  const values = [...given];
  const message = values[3] as { base64?: string } | undefined;
  if (name === 'addMessage' && typeof message?.base64 === 'string')
    values[3] = { raw: Buffer.from(message.base64, 'base64') } satisfies NewMessage;
  return (simulator[name] as (...values: unknown[]) => unknown)(...values);
}
