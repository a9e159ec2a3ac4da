/** The two forms of an error: problem details (RFC 9457), and the error body of the standard protocols. */
import Type, { type Static } from 'typebox';
import { errorCodes, type ErrorCode } from '../../errors.js';
import { component } from '../../lib/named-schema.js';

export const problemProperties = {
  type: Type.String({ format: 'uri-reference', description: 'Identifies the kind of problem, like `code`.' }),
  title: Type.String({ description: 'The meaning of the code.' }),
  status: Type.Integer({ description: 'The HTTP status.' }),
  detail: Type.String({ description: 'What is wrong in this case, and what to do about it.' }),
  code: Type.Unsafe<ErrorCode>({ type: 'string', description: 'Stable, for programs.' }),
  instance: Type.String({ format: 'uri-reference', description: 'The path of the request.' }),
  request_id: Type.String({ description: 'The service’s log has details under this id.' }),
};

export const Problem = component(
  'Problem',
  Type.Object(
    {
      ...problemProperties,
      pointer: Type.Optional(
        Type.String({
          format: 'json-pointer',
          description: 'The invalid field of the body (RFC 6901).',
        }),
      ),
      parameter: Type.Optional(
        Type.String({
          description: 'The invalid parameter of the path, the query string or the headers.',
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
              'Everything that violates the schemas of the operation, up to 20 fields or parameters; `detail` has ' +
              'the first. For a large body only the first is reported.',
          },
        ),
      ),
      problems: Type.Optional(
        Type.Array(Type.Unknown(), {
          description:
            'The places of a file that are at fault, up to 100, each with `code`, `message`, `line`, `column` and `value`.',
        }),
      ),
      error: Type.Optional(
        Type.String({
          description: 'Same as `detail`, on paths that clients of TensorFlow Serving use too.',
        }),
      ),
    },
    { description: 'Problem details (RFC 9457).' },
  ),
);

export type Problem = Static<typeof Problem.schema>;

/** Examples for codes whose detail says more than their meaning. */
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
  FORBIDDEN: { detail: 'This requires a key with the scope train; the key 6mn8v6v71xpw has predict.' },
  RATE_LIMITED: { detail: 'This key may make 600 requests a minute. Try again in 12 s.' },
};

/** An example of the answer to a request for that path. */
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

/** A URI that identifies the kind of problem. It is not a link. */
export function problemType(code: ErrorCode): string {
  return `urn:trainyard:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

export const ProtocolError = component(
  'ProtocolError',
  Type.Object(
    { error: Type.String({ description: 'What is wrong, and what to do about it.' }) },
    { description: 'An error in the form of the standard protocols; `X-Error-Code` has the stable code.' },
  ),
);

export const problemComponents = [Problem, ProtocolError];
