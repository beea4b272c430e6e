import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { ConnectorError, type MailArchive, type MessageRef } from '@mailsphere/core';

interface ManifestLine {
  readonly mailboxId: string;
  readonly messageId: string;
  readonly folderId: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Verification {
  /** Messages that the simulator holds. */
  readonly messages: number;
  readonly bytes: number;
  readonly identical: number;
  readonly missing: number;
  readonly different: number;
}

/** Reads every archived message back from the disk and compares its hash with what the simulator says it holds. */
export async function verifyArchive(
  graph: string,
  tenantId: string,
  archive: MailArchive & { read(message: MessageRef): Promise<ReadableStream<Uint8Array> | undefined> },
): Promise<Verification> {
  const response = await fetch(`${graph}/simulator/tenants/${tenantId}/manifest`).catch((cause: unknown) => {
    throw new ConnectorError(
      'unavailable',
      'The simulator stopped before the verification. Run again with --keep.',
      {
        cause,
      },
    );
  });
  if (!response.ok || !response.body)
    throw new ConnectorError('unavailable', 'The simulator gives no manifest.');
  const result = { messages: 0, bytes: 0, identical: 0, missing: 0, different: 0 };
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    const held: ManifestLine = JSON.parse(line);
    result.messages++;
    result.bytes += held.bytes;
    const content = await archive.read({ ...held, tenantId, receivedAt: undefined });
    if (!content) result.missing++;
    else if ((await sha256(content)) === held.sha256) result.identical++;
    else result.different++;
  }
  return result;
}

async function sha256(content: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}
