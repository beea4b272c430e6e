import type { DirectoryUser } from '../directory/user.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { hash32 } from '../random.ts';
import type { GraphCall } from './graph-call.ts';
import { GraphFailure } from './graph-failure.ts';

/** The mailbox of the user in a path, or the error of one who has none. */
export function mailboxOf(call: GraphCall, key: string): Mailbox {
  const user = call.tenant.user(key);
  if (user === undefined || user.deleted !== undefined)
    throw new GraphFailure(404, 'ErrorInvalidUser', `The requested user '${key}' is invalid.`);
  const ready = user.mailboxReadyAt === undefined || user.mailboxReadyAt <= call.world.clock.now();
  const mailbox = ready ? call.tenant.mailbox(user.id) : undefined;
  if (mailbox === undefined) throw noMailbox(user);
  return mailbox;
}

// Several codes say the same thing, and it is not documented which one comes when: each user always gets the same.
function noMailbox(user: DirectoryUser): GraphFailure {
  return hash32(user.id) % 2 === 0
    ? new GraphFailure(404, 'ResourceNotFound', 'Resource could not be discovered.')
    : new GraphFailure(
        404,
        'MailboxNotEnabledForRESTAPI',
        'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
      );
}
