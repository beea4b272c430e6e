import { ConnectorError } from './connector-error.ts';
import type { MessageRef } from './mail.ts';
import type { TransferContext } from './message-transfer.ts';

/** Whether the service hands out messages now: it `works`, it fails with an error, or it is `unknown` as there is none to ask for. */
export type Proof = 'works' | 'unknown' | ConnectorError;

// What says something of this message, of its mailbox or of the service: which of them, the other messages show.
const OPEN_TO_DOUBT = [
  'poison',
  'item_failed',
  'incomplete',
  'mailbox_not_found',
  'permission_missing',
  'unavailable',
] as const;
// Of the folder of a message that does not come.
const PAGES = 3;

export const isOpenToDoubt = (error: unknown): error is ConnectorError =>
  ConnectorError.is(error, ...OPEN_TO_DOUBT);

/**
 * Asks for a message that is archived already, when another one of its mailbox does not come: the one that came last, or one of
 * the same folder.
 *
 * @throws whatever is no word about a message, such as `throttled`
 */
export async function proveService(context: TransferContext, doubted: MessageRef): Promise<Proof> {
  const { provider, witness, signal } = context;
  try {
    for (const find of [async () => witness.last, () => archivedBeside(context, doubted)]) {
      witness.last = await find();
      if (!witness.last) continue;
      const content = await unlessGone(provider.mail.content(witness.last, { signal }));
      if (!content) continue;
      // To its end, as it may be the end that is missing.
      await content.pipeTo(new WritableStream(), { signal });
      return 'works';
    }
    witness.last = undefined;
    return 'unknown';
  } catch (error) {
    signal.throwIfAborted();
    if (isOpenToDoubt(error)) return error;
    throw error;
  }
}

/** Nothing for what says something of that one message only. */
const unlessGone = <T>(content: Promise<T>): Promise<T | undefined> =>
  content.catch((error: unknown) => {
    if (ConnectorError.is(error, 'gone', 'poison')) return undefined;
    throw error;
  });

async function archivedBeside(
  { provider, archive, mailbox, signal }: TransferContext,
  { messageId, folderId }: MessageRef,
): Promise<MessageRef | undefined> {
  let pages = 0;
  for await (const { changes } of provider.mail.list({ ...mailbox, folderId }, { signal })) {
    const others = changes.flatMap((change) =>
      change.type === 'upserted' && change.item.messageId !== messageId ? [change.item] : [],
    );
    const ids = others.map((each) => each.messageId);
    const missing = new Set(await archive.missing(mailbox, ids, { signal }));
    const found = others.find((each) => !missing.has(each.messageId));
    if (found || ++pages === PAGES) return found;
  }
  return undefined;
}
