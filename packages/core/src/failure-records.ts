import { ConnectorError } from './connector-error.ts';
import { againTomorrow, deferred, type MessageFailure } from './failure.ts';
import type { TransferContext } from './message-transfer.ts';
import { recordId } from './records.ts';
import type { Proof } from './service-proof.ts';
import type { Wanted } from './wanted-message.ts';

/** What is neither brought nor put off. Resolves with why its page cannot be left behind. */
export async function recordUnfinished(
  context: TransferContext,
  left: ReadonlyMap<string, Wanted>,
  { isOver, proof }: { readonly isOver: boolean; readonly proof: Proof },
): Promise<ConnectorError | undefined> {
  const { failing, clock } = context;
  let unfinished: ConnectorError | undefined;
  for (const [id, wanted] of left) {
    const known = failing.get(id);
    // One that was put off before holds up nothing; an outage does not make it wait any longer than a day.
    if (known && known.deferrals > 0) {
      if (isOver) await store(context, againTomorrow(known, clock.now()));
      continue;
    }
    // What was asked for while the service failed for all says nothing of the message.
    const requests = ConnectorError.is(proof) ? 0 : wanted.requests;
    if (wanted.error) await store(context, failureOf(context, { ...wanted, requests }));
    unfinished ??= wanted.error ?? notYet(known);
  }
  return unfinished;
}

const notYet = (known: MessageFailure | undefined) =>
  new ConnectorError('item_failed', 'A message did not come; it is asked for again in a few minutes.', {
    serviceCode: known?.code,
    requestId: known?.requestId,
  });

export async function putOff(context: TransferContext, wanted: Wanted): Promise<void> {
  const failure = deferred(failureOf(context, wanted), context.clock.now());
  await store(context, failure);
  context.onFailed(failure);
}

function failureOf(
  { failing, clock }: TransferContext,
  { message, requests, since, error }: Wanted,
): MessageFailure {
  const { mailboxId, messageId, folderId, receivedAt } = message;
  const known = failing.get(messageId);
  return {
    mailboxId,
    messageId,
    folderId,
    receivedAt,
    class: error?.code === 'poison' ? 'poison' : 'transient',
    code: error?.serviceCode ?? error?.code ?? 'unexpected',
    requestId: error?.requestId,
    attempts: (known?.attempts ?? 0) + requests,
    deferrals: known?.deferrals ?? 0,
    firstAt: known?.firstAt ?? since ?? clock.now(),
    nextAt: clock.now(),
  };
}

async function store({ connectionId, mailbox, failures, failing }: TransferContext, failure: MessageFailure) {
  failing.set(failure.messageId, failure);
  await failures.put(recordId(connectionId, mailbox.mailboxId, failure.messageId), failure);
}

export async function forgetFailure(
  { connectionId, mailbox, failures, failing }: TransferContext,
  messageId: string,
) {
  if (failing.delete(messageId)) await failures.delete(recordId(connectionId, mailbox.mailboxId, messageId));
}
