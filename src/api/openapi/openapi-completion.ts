/**
 * Completes the OpenAPI document with what the schemas of the routes do not say: the key that a route takes; the problems
 * that follow from its shape or that its `config.problems` names, each with an example; an example for every other body;
 * and how an object is written in a query string.
 */
import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import type { Access } from '../access/keys.js';
import { retryAfterOf, statusOf } from '../problems/problem.js';
import { Problem, problemExample, ProtocolError } from '../problems/problem-schema.js';

export const securitySchemes = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    description: 'A key, `ty_…`. A service without keys needs none.',
  },
  'x-api-key': {
    type: 'apiKey' as const,
    in: 'header' as const,
    name: 'X-API-Key',
    description: 'The same key, for clients that cannot send the other header.',
  },
};

/** Either header. The scope is where OpenAPI 3.1 puts roles. */
export function securityOf(access: Access | undefined): Record<string, string[]>[] {
  if (access === undefined || access === 'public') return [];
  const roles = access === 'any' ? [] : [access];
  return Object.keys(securitySchemes).map((scheme) => ({ [scheme]: roles }));
}

/** The problems that every operation with a key has, by the name of their shared response. */
const keyProblems: Record<string, ErrorCode[]> = {
  Unauthorized: ['UNAUTHORIZED'],
  Forbidden: ['FORBIDDEN', 'ORIGIN_REFUSED'],
  RateLimited: ['RATE_LIMITED'],
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems of this route besides those of every route of its form. */
    problems?: readonly ErrorCode[];
  }
}

interface Example {
  summary: string;
  value: unknown;
}

interface Media {
  schema?: { $ref?: string };
  example?: unknown;
  examples?: Record<string, Example | { $ref: string }>;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media>; $ref?: string }>;
}

interface DocumentedSchema {
  examples?: unknown[];
  required?: string[];
  /** The body is such a file. */
  contentMediaType?: string;
  properties?: Record<string, { items?: object }>;
}

interface Parameter {
  schema: { type?: string };
}

const retryAfter = {
  'Retry-After': { type: 'integer', description: 'Seconds after which another try is worthwhile.' },
};

const errorCode = { 'X-Error-Code': { type: 'string', description: 'Stable, for programs.' } };

const codesWithBody: readonly ErrorCode[] = [
  'MALFORMED_JSON',
  'BODY_TOO_SLOW',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'OVERLOADED',
];

export const withProblems: SwaggerTransform = ({ schema, url, route }) => {
  if (route.schema?.operationId === undefined) return { schema, url };
  const { problems = [], access, statuses = {} } = route.config ?? {};
  const codes: ErrorCode[] = [
    'INVALID_REQUEST',
    ...(schema.body === undefined ? [] : codesWithBody),
    ...problems.filter((code) => !codesWithBody.includes(code)),
    'INTERNAL',
    'SHUTTING_DOWN',
  ];
  const security = securityOf(access);
  if (security.length > 0) codes.push(...Object.values(keyProblems).flat());
  const own = schema.response as Record<string, unknown>;
  const asProtocolError = route.config?.protocolErrors === true;
  const statusHere = (code: ErrorCode): number => statuses[code] ?? statusOf(code);
  const responses = { ...problemResponses(codes, statusHere, url, asProtocolError), ...own };
  return { schema: { ...schema, ...bodyOfTypes(schema), security, response: responses }, url };
};

/** Bodies that are not JSON have no schema here; the validator gets what was parsed from them. */
function bodyOfTypes({ body, consumes }: FastifySchema): Pick<FastifySchema, 'body'> {
  if (consumes === undefined) return {};
  const binary = { type: 'string', format: 'binary' };
  const media = consumes.map((type) => [type, { schema: type === 'application/json' ? body : binary }]);
  return { body: { content: Object.fromEntries(media) as object } };
}

/** By status. */
function problemResponses(
  codes: readonly ErrorCode[],
  statusHere: (code: ErrorCode) => number,
  url: string,
  asProtocolError: boolean,
): Record<string, unknown> {
  const instance = url
    .replace(':id', 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG')
    .replace(':name', url.includes('/datasets/') ? 'churn' : 'mnist-mlp');
  const responses: Record<string, unknown> = {};
  for (const status of new Set(codes.map(statusHere))) {
    const ofStatus = codes.filter((code) => statusHere(code) === status);
    const problems = ofStatus.map((code) => problemExample(code, status, instance));
    const examples = problems.map((problem): [string, Example] => [
      problem.code,
      { summary: problem.title, value: asProtocolError ? { error: problem.title } : problem },
    ]);
    const headers = {
      ...(asProtocolError && errorCode),
      ...(ofStatus.some((code) => retryAfterOf(code) !== undefined) && retryAfter),
    };
    responses[status] = {
      description: problems.map(({ title }) => title).join(' Or: '),
      ...(Object.keys(headers).length > 0 && { headers }),
      content: {
        [asProtocolError ? 'application/json' : 'application/problem+json']: {
          schema: asProtocolError ? ProtocolError.ref : Problem.ref,
          examples: Object.fromEntries(examples),
        },
      },
    };
  }
  return responses;
}

/** Operations with the same refusals of keys refer to one shared response. */
function shareRefusals(paths: Record<string, Operation>[]): Operation['responses'] {
  const shared: Operation['responses'] = {};
  for (const { responses } of paths.flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(responses)) {
      const codes = Object.keys(response.content?.['application/problem+json']?.examples ?? {});
      const [name] = Object.entries(keyProblems).find(([, own]) => own.join() === codes.join()) ?? [];
      if (name === undefined) continue;
      shared[name] ??= response;
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return shared;
}

/** Moves the example of each schema to the bodies that use it. */
export const showExamples: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) throw new Error('The document is not an OpenAPI document');
  const { openapiObject } = document;
  const schemas = (openapiObject.components?.schemas ?? {}) as Record<string, DocumentedSchema>;
  const schemaOf = (media: Media) => schemas[nameOf(media)];

  const paths = Object.values(openapiObject.paths ?? {}) as Record<string, Operation>[];
  for (const { parameters = [], requestBody, responses } of paths.flatMap((path) => Object.values(path))) {
    for (const parameter of parameters) {
      // The form that plugins/query-strings.ts reads.
      if (parameter.schema.type === 'object')
        Object.assign(parameter, { style: 'deepObject', explode: true });
    }
    const bodies = [requestBody, ...Object.values(responses)].flatMap((body) =>
      Object.values(body?.content ?? {}),
    );
    for (const media of bodies) {
      const example = schemaOf(media)?.examples?.[0];
      if (example !== undefined && !media.examples) media.example ??= example;
    }
    // A body whose fields are all optional is optional itself, but not one that is a file.
    if (requestBody) {
      requestBody.required = Object.values(requestBody.content).some((media) => {
        const { required, contentMediaType } = schemaOf(media) ?? {};
        return required !== undefined || contentMediaType !== undefined;
      });
    }
  }
  for (const schema of Object.values(schemas)) delete schema.examples;
  Object.assign(openapiObject.components ?? {}, {
    examples: shareExamples(paths),
    responses: shareRefusals(paths),
  });
  showFiles(schemas);
  return openapiObject;
};

/** Routes with the same body, which may be long, refer to one shared example. */
function shareExamples(paths: Record<string, Operation>[]): Record<string, { value: unknown }> {
  const requests = paths
    .flatMap((path) => Object.values(path))
    .flatMap(({ requestBody }) => Object.values(requestBody?.content ?? {}));
  const shared: Record<string, { value: unknown }> = {};
  for (const media of requests) {
    const name = nameOf(media);
    const isShared = requests.filter((each) => nameOf(each) === name).length > 1;
    if (!isShared || media.example === undefined) continue;
    shared[name] = { value: media.example };
    media.examples = { [name]: { $ref: `#/components/examples/${name}` } };
    delete media.example;
  }
  return shared;
}

function nameOf({ schema }: Media): string {
  return schema?.$ref?.split('/').at(-1) ?? '';
}

/** Swagger UI offers a file picker for items of a list only if they are described as in OpenAPI 3.0. */
function showFiles(schemas: Record<string, DocumentedSchema>): void {
  for (const { properties = {} } of Object.values(schemas)) {
    for (const { items } of Object.values(properties)) {
      if (items && 'contentMediaType' in items) Object.assign(items, { type: 'string', format: 'binary' });
    }
  }
}
