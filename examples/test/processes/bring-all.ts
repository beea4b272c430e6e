import { type Connector, ConnectorError } from '@mailsphere/core';

// Longer than the lease of a process that died.
const LEASE = 20_000;

/** Plans the mail of a connection if that is due, and brings all of it, one mailbox after the other. */
export async function bringMail(
  connector: Connector,
  connectionId: string,
  passTime: (milliseconds: number) => void,
): Promise<void> {
  const run = async (task: Parameters<Connector['run']>[0]) => {
    for (;;) {
      try {
        const { status } = await connector.run(task);
        if (status === 'completed') return;
        if (status === 'busy') passTime(LEASE);
      } catch (error) {
        // What the service did; it is tried again, as an engine would.
        if (!ConnectorError.is(error) || ['refused', 'storage_failed'].includes(error.code)) throw error;
        passTime(1_000);
      }
    }
  };
  const mail = async () => (await connector.workload())[0]?.mail;
  if ((await mail())?.plannedAt === undefined) await run({ kind: 'mail.plan', connectionId });
  for (const { mailboxId } of (await mail())?.mailboxes ?? [])
    await run({ kind: 'mail.backfill', connectionId, mailboxId });
}
