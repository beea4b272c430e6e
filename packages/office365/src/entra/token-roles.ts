import { decodeJwt } from 'jose';
import { z } from 'zod';

const schema = z.array(z.string()).default([]);

/** The application permissions that a token carries; `undefined` when it cannot be read. */
export function rolesOf(token: string): readonly string[] | undefined {
  try {
    return schema.parse(decodeJwt(token).roles);
  } catch {
    return undefined;
  }
}
