import type { CallOptions } from '@mailsphere/core';

const DEFAULT = 60_000;

/** The caller's limits, with the default that the contract names, and who is told of the answers. */
export const limitsOf = ({ signal, maxWait = DEFAULT, onAnswer }: CallOptions = {}) => ({
  signal,
  maxWait,
  onAnswer,
});
