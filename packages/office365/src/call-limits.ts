import type { CallOptions } from '@mailsphere/core';

const DEFAULT = 60_000;

/** The caller's limits, with the default that the contract names. */
export const limitsOf = ({ signal, maxWait = DEFAULT }: CallOptions = {}) => ({ signal, maxWait });
