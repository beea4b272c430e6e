// A process of a host: it archives mail when a line of its input says so, and tells how that ended, as JSON.
import { createInterface } from 'node:readline';
import { crashPoints } from './crash-points.ts';
import { forwardClock, type MailPlace, openMailHost } from './mail-host.ts';

/** What the process is told at its start, as its only argument. */
export interface ArchiveSettings extends MailPlace {
  /** Milliseconds by which its clock is ahead. @default 0 */
  readonly ahead?: number;
  /** How many times as fast as the real time its clock goes. @default 1 */
  readonly speed?: number;
  /** The step at which it kills itself. @default none */
  readonly crashAt?: number;
}

/** What it is told later: to archive until each mailbox has ended this round, to put its clock ahead, or to end. */
export type ArchiveOrder = { readonly archive: number } | { readonly ahead: number } | 'end';

/** What it says: that it is ready, that it begins, and, when it has archived, which steps there were. */
export type ArchiveReport = 'ready' | 'begun' | { readonly steps: readonly string[] };

const say = (report: ArchiveReport) => console.log(JSON.stringify(report));

const { ahead, speed, crashAt, ...place }: ArchiveSettings = JSON.parse(process.argv[2] ?? '');
const points = crashPoints(crashAt);
const host = await openMailHost(place, {
  clock: forwardClock({ ahead: ahead ?? 0, speed: speed ?? 1 }),
  wrapping: points,
});
let archiving = Promise.resolve();

const archive = async (rounds: number) => {
  say('begun');
  points.begin();
  await host.archiveMail(rounds);
  say({ steps: points.passed });
};

say('ready');
for await (const line of createInterface(process.stdin)) {
  const order: ArchiveOrder = JSON.parse(line);
  if (order === 'end') break;
  if ('archive' in order) archiving = archive(order.archive);
  else host.clock.putAhead(order.ahead);
}
await archiving;
await host.close();
