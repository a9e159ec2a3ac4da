/** The two forms of an error: problem details (RFC 9457), and the error body of the standard protocols. */
import Type, { type Static } from 'typebox';
import { errorCodes, type ErrorCode } from '../../errors.js';
import { component } from '../../lib/named-schema.js';

export const problemProperties = {
  type: Type.String({ format: 'uri-reference', description: 'Names the kind of problem, as `code` does.' }),
  title: Type.String({ description: 'What the code means.' }),
  status: Type.Integer({ description: 'The HTTP status.' }),
  detail: Type.String({ description: 'What is wrong here, and what to do about it.' }),
  code: Type.Unsafe<ErrorCode>({ type: 'string', description: 'Stable; meant for programs.' }),
  instance: Type.String({ format: 'uri-reference', description: 'The path that was asked for.' }),
  request_id: Type.String({ description: 'The service’s log has more under this id.' }),
};

export const Problem = component(
  'Problem',
  Type.Object(
    {
      ...problemProperties,
      pointer: Type.Optional(
        Type.String({
          format: 'json-pointer',
          description: 'The field of the body that is to blame (RFC 6901).',
        }),
      ),
      parameter: Type.Optional(
        Type.String({
          description: 'The parameter of the path, the query string or the headers that is to blame.',
        }),
      ),
      errors: Type.Optional(
        Type.Array(
          Type.Object({
            detail: Type.String(),
            pointer: Type.Optional(Type.String()),
            parameter: Type.Optional(Type.String()),
          }),
          {
            description:
              'All that does not fit the schemas of the operation, up to 20 fields or parameters; the first is also in ' +
              '`detail`. Of a large body only the first is looked for.',
          },
        ),
      ),
      error: Type.Optional(
        Type.String({ description: '`detail` again, on paths that clients of TensorFlow Serving ask too.' }),
      ),
    },
    { description: 'Problem details (RFC 9457).' },
  ),
);

export type Problem = Static<typeof Problem.schema>;

/** Codes with more to say than their meaning. */
const details: Partial<Record<ErrorCode, Pick<Problem, 'detail' | 'pointer' | 'errors'>>> = {
  INVALID_REQUEST: {
    detail: 'epochs must be at least 1.',
    pointer: '/epochs',
    errors: [
      { detail: 'epochs must be at least 1.', pointer: '/epochs' },
      { detail: 'seed must be an integer.', pointer: '/seed' },
    ],
  },
  UNAUTHORIZED: { detail: 'There is no such key.' },
  FORBIDDEN: { detail: 'This takes a key with the scope train; the key 6mn8v6v71xpw has predict.' },
  RATE_LIMITED: { detail: 'This key may ask 600 times a minute. Ask again in 12 s.' },
};

/** As it could be answered to that request. */
export function problemExample(code: ErrorCode, status: number, instance: string): Problem {
  return {
    type: problemType(code),
    title: errorCodes[code],
    status,
    detail: errorCodes[code],
    ...details[code],
    code,
    instance,
    request_id: '0e1f8c1a-6d0b-4f43-9a52-3c1b0c6d7e8f',
  };
}

/** A URI that names the kind of problem, and leads nowhere. */
export function problemType(code: ErrorCode): string {
  return `urn:trainyard:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

export const ProtocolError = component(
  'ProtocolError',
  Type.Object(
    { error: Type.String({ description: 'What is wrong, and what to do about it.' }) },
    { description: 'An error as the standard protocols answer it; `X-Error-Code` has the stable code.' },
  ),
);

export const problemComponents = [Problem, ProtocolError];
