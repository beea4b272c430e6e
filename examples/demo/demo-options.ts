import { parseArgs } from 'node:util';
import { ConnectorError } from '@mailsphere/core';

export interface DemoOptions {
  readonly users: number;
  readonly messages: number;
  readonly seed: number;
  /** Milliseconds that the simulator adds to each answer. */
  readonly latency: number;
  /** A folder of .eml files, or an mbox file, to use instead of generated messages. */
  readonly mail: string | undefined;
  /** A folder for the state; a second run with the same one continues. */
  readonly keep: string | undefined;
  /** What the administrator types. */
  readonly tenant: string;
  /** Let the administrator press Cancel instead of Accept. */
  readonly refuse: boolean;
}

export const usage = `npm run demo -- [options]

  --users N      users of the simulated tenant (default 12)
  --messages N   messages of each mailbox, on average (default 200)
  --seed N       another number makes another tenant (default 1)
  --latency MS   what the simulator adds to each answer (default 20)
  --mail DIR     real messages instead of generated ones: a folder of .eml files, or an mbox file
  --keep DIR     keep the state in this folder; a second run continues there
  --tenant NAME  what the administrator types (default contoso)
  --refuse       let the administrator cancel the consent
  --help`;

const whole = (
  name: string,
  text: string | undefined,
  fallback: number,
  [least, most]: readonly [number, number],
) => {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ConnectorError('invalid_options', `--${name}: must be a whole number from ${least} to ${most}`, {
    field: name,
  });
};

const text = (name: string, value: string | undefined) => {
  if (value === undefined || value.trim() !== '') return value;
  throw new ConnectorError('invalid_options', `--${name}: must not be empty`, { field: name });
};

/** @throws ConnectorError `invalid_options` that names the flag */
export function parseDemoOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  return {
    users: whole('users', values.users, 12, [1, 100_000]),
    messages: whole('messages', values.messages, 200, [0, 1_000_000]),
    seed: whole('seed', values.seed, 1, [0, 2 ** 31]),
    latency: whole('latency', values.latency, 20, [0, 60_000]),
    mail: text('mail', values.mail),
    keep: text('keep', values.keep),
    tenant: text('tenant', values.tenant) ?? 'contoso',
    refuse: values.refuse ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        users: { type: 'string' },
        messages: { type: 'string' },
        seed: { type: 'string' },
        latency: { type: 'string' },
        mail: { type: 'string' },
        keep: { type: 'string' },
        tenant: { type: 'string' },
        refuse: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : 'unknown flag').split(/[.\n]/);
    throw new ConnectorError('invalid_options', `${message}. Run with --help for the list.`, {
      field: 'arguments',
    });
  }
}
