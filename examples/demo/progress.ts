import type { Connector, MailStatus } from '@mailsphere/core';

const BAR = 24;
const SHOWN = 5;

const bar = (part: number, whole: number) => {
  const filled = whole === 0 ? BAR : Math.min(BAR, Math.round((part / whole) * BAR));
  return '█'.repeat(filled) + '░'.repeat(BAR - filled);
};
const percent = (part: number, whole: number) =>
  `${Math.floor(whole === 0 ? 100 : Math.min(100, (part / whole) * 100))}%`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
export const duration = (milliseconds: number) => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

interface MailboxProgress {
  address: string;
  done: number;
  expected: number;
  seenAt: number;
}

/** Shows how the archive grows: bars on a terminal, a line now and then in a pipe. */
export function showProgress(connector: Connector, before: MailStatus, output: NodeJS.WriteStream) {
  const mailboxes = new Map<string, MailboxProgress>();
  // The last ten seconds give the rate.
  const recent: { readonly at: number; readonly bytes: number }[] = [];
  const startedAt = Date.now();
  let bytes = 0;
  let archived = 0;
  let drawn = 0;

  const at = (mailboxId: string) => {
    const known = mailboxes.get(mailboxId) ?? { address: mailboxId, done: 0, expected: 0, seenAt: 0 };
    mailboxes.set(mailboxId, known);
    return known;
  };
  const onArchived = (event: { readonly mailboxId: string; readonly bytes: number }) => {
    const mailbox = at(event.mailboxId);
    mailbox.done++;
    mailbox.seenAt = Date.now();
    archived++;
    bytes += event.bytes;
    recent.push({ at: mailbox.seenAt, bytes: event.bytes });
  };
  const onProgressed = ({ mailbox }: { readonly mailbox: MailStatus['mailboxes'][number] }) => {
    const done = mailbox.archived + mailbox.alreadyStored + mailbox.gone + mailbox.failed;
    // The service counts other items than messages, too, so only the end tells how many there were.
    const expected = mailbox.state.startsWith('completed') ? done : mailbox.expected;
    Object.assign(at(mailbox.mailboxId), { address: mailbox.address ?? mailbox.mailboxId, done, expected });
  };
  for (const mailbox of before.mailboxes) onProgressed({ mailbox });
  connector.events.on('message.archived', onArchived);
  connector.events.on('mailbox.progressed', onProgressed);

  const summary = () => {
    const now = Date.now();
    while (recent[0] && recent[0].at < now - 10_000) recent.shift();
    const all = [...mailboxes.values()];
    const done = all.reduce((sum, mailbox) => sum + Math.min(mailbox.done, mailbox.expected), 0);
    const expected = all.reduce((sum, mailbox) => sum + mailbox.expected, 0);
    const rate = recent.length / Math.max(1, Math.min(10, (now - startedAt) / 1000));
    const left = rate > 0 ? duration(((expected - done) / rate) * 1000) : 'unknown';
    return { all, done, expected, rate, left };
  };

  const drawBars = () => {
    const { all, done, expected, rate, left } = summary();
    const busiest = all
      .filter((mailbox) => mailbox.done < mailbox.expected)
      .sort((one, other) => other.seenAt - one.seenAt || other.expected - one.expected)
      .slice(0, SHOWN);
    const lines = [
      `  all mail  ${bar(done, expected)} ${percent(done, expected)}  ${done}/${expected}  ${rate.toFixed(0)} messages/s  ${megabytes(bytes)}  ETA ${left}`,
      ...busiest.map(
        (mailbox) =>
          `  ${bar(mailbox.done, mailbox.expected)} ${percent(mailbox.done, mailbox.expected).padStart(4)}  ${mailbox.done}/${mailbox.expected}  ${mailbox.address}`,
      ),
    ];
    const width = output.columns || 100;
    output.write(
      `${drawn > 0 ? `\x1b[${drawn}A` : ''}${lines.map((line) => `\x1b[2K${line.slice(0, width - 1)}\n`).join('')}\x1b[0J`,
    );
    drawn = lines.length;
  };
  let printed = -1;
  const printLine = () => {
    const { done, expected, rate, left } = summary();
    if (done === printed) {
      output.write(done < expected || expected === 0 ? '  waiting\n' : '');
      return;
    }
    printed = done;
    output.write(
      `  ${done} of ${expected} messages (${percent(done, expected)}), ${rate.toFixed(0)} messages/s, ${megabytes(bytes)}, ETA ${left}\n`,
    );
  };
  const draw = output.isTTY ? drawBars : printLine;
  const timer = setInterval(draw, output.isTTY ? 200 : 2000);

  return {
    stop() {
      clearInterval(timer);
      draw();
      connector.events.off('message.archived', onArchived);
      connector.events.off('mailbox.progressed', onProgressed);
      return { archived, bytes };
    },
  };
}
