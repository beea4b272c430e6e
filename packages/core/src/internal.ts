/**
 * What the packages of Mailsphere share among themselves. Not for others: it may change in any version.
 *
 * @module
 */
export { objectWith, parseOptions, parseRequest } from './options.ts';
