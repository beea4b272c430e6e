import type { Scenario, ScenarioFault } from '@mailsphere/simulator';

/** The mailboxes of a history, and what is in them that a row may want to hit. */
export interface Town {
  readonly tenantId: string;
  readonly mailboxes: readonly string[];
  /** Messages of the first mailbox in a folder with several. */
  readonly messages: readonly string[];
  /** A message that is alone in its folder, in another mailbox. */
  readonly lone: string;
  /** Of the first mailbox: a message of several parts, and one of one part. */
  readonly parted: string;
  readonly plain: string;
  /** Of the second mailbox: a folder with messages. */
  readonly folderId: string;
  readonly random: () => number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What a row adds to a history. */
export interface Part extends Omit<Scenario, 'seed'> {
  /** Messages that can never be had. */
  readonly poison?: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly name: string;
  /** Days after the first round at which the next ones come: a week later the ids of all messages are compared. @default [1] */
  readonly days?: readonly number[];
  /** Seconds in which the first round must be over, when nothing else happens. @default forty minutes */
  readonly within?: number;
  /** It takes the place of all others, so it is in no combination. */
  readonly alone?: boolean;
  /**
   * Good messages may be put off for a day, as each request for them was hit; `with others`: when what is left of their tries after
   * an outage, where no other message can tell, is hit by another row. @default false
   */
  readonly mayPutOff?: boolean | 'with others';
  part(town: Town): Part;
}

export const RETRIED = [1, 3];
export const RECONCILED = [1, 9];
export const MINUTES = 60;
// Whoever cannot be opened is asked again after an hour.
export const AN_HOUR_LATER = 70 * MINUTES;
// Then the service is well again, so that what was put off comes when it is tried again.
const EVENING = 6 * 60 * MINUTES;
export const pick = <T>({ random }: Town, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)] as T;
export const between = ({ random }: Town, least: number, most: number) =>
  least + Math.floor(random() * (most - least + 1));

export type Answer = ScenarioFault['answer'];
export const VALUE = 'messages.value';
export const DELTA = 'messages.delta';

/** One in so many requests of a route. */
export const some = (answer: Answer, share: number, route?: string): ScenarioFault => ({
  answer,
  share,
  until: EVENING,
  ...(route && { route }),
});
export const faults =
  (...list: readonly ScenarioFault[]) =>
  (): Part => ({ faults: list });

/** A few of one mailbox, from anywhere in its round. */
export const few = (town: Town, answer: Answer, most: number, route?: string): ScenarioFault => ({
  answer,
  mailbox: pick(town, town.mailboxes),
  skip: between(town, 0, 20),
  times: between(town, 1, most),
  until: EVENING,
  ...(route && { route }),
});
