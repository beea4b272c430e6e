import type { Scenario } from '@mailsphere/simulator';
import { connect, IMMUTABLE, someMailbox } from './support.ts';

/** A consented tenant, and a message with its bytes. */
export async function withMessage(scenario: Scenario, options: Parameters<typeof connect>[0] = {}) {
  const connected = await connect(options);
  const { simulator, tenantId, ask } = connected;
  const mailbox = someMailbox(simulator);
  const { messageId } = simulator.addMessage(tenantId, mailbox, 'inbox', {
    raw: 'Subject: x\r\n\r\nHello, all of you.',
  });
  const path = `/users/${mailbox}/messages/${messageId}/$value`;
  simulator.setScenario(scenario);
  return { ...connected, mailbox, messageId, value: () => ask(path, { headers: IMMUTABLE }) };
}

/** The statuses of so many answers. */
export const statuses = async (ask: () => Promise<Response>, times: number) => {
  const seen: number[] = [];
  for (let time = 0; time < times; time++) seen.push((await ask()).status);
  return seen;
};
