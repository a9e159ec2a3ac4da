/** What the OpenAPI document says of keys: how they are sent, which scope an operation takes, and the refusals. */
import type { ErrorCode } from '../../errors.js';
import type { Access } from '../access/access.js';

export const securitySchemes = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    description: 'A key, `ty_…`. A service without keys asks for none.',
  },
  'x-api-key': {
    type: 'apiKey' as const,
    in: 'header' as const,
    name: 'X-API-Key',
    description: 'The same key, for clients that cannot send the other header.',
  },
};

/** Either header. The scope stands where OpenAPI 3.1 has room for roles. */
export function securityOf(access: Access | undefined): Record<string, string[]>[] {
  if (access === undefined || access === 'public') return [];
  const roles = access === 'any' ? [] : [access];
  return Object.keys(securitySchemes).map((scheme) => ({ [scheme]: roles }));
}

/** What any operation that takes a key may answer, by the name of the response that they share. */
export const keyProblems: Record<string, ErrorCode[]> = {
  Unauthorized: ['UNAUTHORIZED'],
  Forbidden: ['FORBIDDEN', 'ORIGIN_REFUSED'],
  RateLimited: ['RATE_LIMITED'],
};
