import type { Logger } from '@mailsphere/core';

/** One line for each thing that happened; a real host passes pino. */
export function consoleLogger(output: NodeJS.WritableStream): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    output.write(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(known)}\n`);
  };
  return { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
}
