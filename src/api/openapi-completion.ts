/**
 * What the OpenAPI document says beyond the routes' own schemas: the problems that follow from a route's shape or that
 * it names in its `config.problems`, each with an example; for every other body the example of its schema; and how an
 * object is written in a query string.
 */
import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger';
import type { ErrorCode } from '../errors.js';
import { retryAfterOf, statusOf } from './problem.js';
import { Problem, problemExample } from './schemas/problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems that this route may answer with, beyond those that any route of its shape may. */
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
  examples?: Record<string, Example>;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

interface Parameter {
  schema: { type?: string };
}

const retryAfter = {
  'Retry-After': { type: 'integer', description: 'Seconds after which it is worth asking again.' },
};

const codesWithBody: readonly ErrorCode[] = ['MALFORMED_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

export const withProblems: SwaggerTransform = ({ schema, url, route }) => {
  if (route.schema?.operationId === undefined) return { schema, url };
  const codes: ErrorCode[] = [
    'INVALID_REQUEST',
    ...(schema.body === undefined ? [] : codesWithBody),
    ...(route.config?.problems ?? []),
    'INTERNAL',
    'SHUTTING_DOWN',
  ];
  const own = schema.response as Record<string, unknown>;
  return { schema: { ...schema, response: { ...problemResponses(codes, url), ...own } }, url };
};

/** By status. */
function problemResponses(codes: ErrorCode[], url: string): Record<string, unknown> {
  const instance = url.replace(':id', 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG').replace(':name', 'mnist-mlp');
  const responses: Record<string, unknown> = {};
  for (const status of new Set(codes.map(statusOf))) {
    const problems = codes
      .filter((code) => statusOf(code) === status)
      .map((code) => problemExample(code, status, instance));
    const examples = problems.map((value): [string, Example] => [
      value.code,
      { summary: value.title, value },
    ]);
    responses[status] = {
      description: problems.map(({ title }) => title).join(' Or: '),
      ...(retryAfterOf(status) !== undefined && { headers: retryAfter }),
      content: {
        'application/problem+json': { schema: Problem.ref, examples: Object.fromEntries(examples) },
      },
    };
  }
  return responses;
}

/** A schema's example is shown with the bodies, and not again with the schema. */
export const showExamples: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) throw new Error('The document is an OpenAPI document');
  const { openapiObject } = document;
  const schemas = (openapiObject.components?.schemas ?? {}) as Record<
    string,
    { examples?: unknown[]; required?: string[] }
  >;
  const schemaOf = (media: Media) => schemas[media.schema?.$ref?.split('/').at(-1) ?? ''];

  const paths = Object.values(openapiObject.paths ?? {}) as Record<string, Operation>[];
  for (const { parameters = [], requestBody, responses } of paths.flatMap((path) => Object.values(path))) {
    for (const parameter of parameters) {
      // As plugins/query-strings.ts reads it.
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
    // Where every field may be left out, so may the body.
    if (requestBody) {
      requestBody.required = Object.values(requestBody.content).some((media) => schemaOf(media)?.required);
    }
  }
  for (const schema of Object.values(schemas)) delete schema.examples;
  return openapiObject;
};
