/** The metadata, the liveness and the readiness of the server. */
import { component } from '../../../lib/named-schema.js';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ModelServer } from '../../../model/serving/model-server.js';
import { anyQuery } from '../../plugins/query-strings.js';
import { checkFailure, modelWarnings, type Check } from '../../operations/readiness.js';
import { productVersion } from '../../openapi/product-version.js';
import { sendProtocolError } from '../../problems/error-handlers.js';

const ServerMetadata = component(
  'ServerMetadata',
  Type.Object(
    {
      name: Type.String(),
      version: Type.String(),
      extensions: Type.Array(Type.String(), { description: 'With Triton’s names.' }),
    },
    {
      description: 'The server.',
      examples: [
        {
          name: 'trainyard',
          version: '0.1.0',
          extensions: [
            'binary_tensor_data',
            'classification',
            'model_configuration',
            'model_repository',
            'statistics',
          ],
        },
      ],
    },
  ),
);

const ServerLiveness = component(
  'ServerLiveness',
  Type.Object({ live: Type.Boolean() }, { description: 'The process answers.', examples: [{ live: true }] }),
);

const ServerReadiness = component(
  'ServerReadiness',
  Type.Object(
    {
      live: Type.Boolean({ description: 'Always true; the protocol has it here too.' }),
      ready: Type.Boolean(),
      warnings: Type.Optional(
        Type.Array(Type.String(), {
          description: 'Problems of single models that need attention.',
        }),
      ),
    },
    { description: 'Whether all models can answer.', examples: [{ live: true, ready: true }] },
  ),
);

export const serverComponents = [ServerMetadata, ServerLiveness, ServerReadiness];

export interface ServerDeps {
  /** The dependencies of the process, by name. */
  checks: Record<string, Check>;
  modelServer: Pick<ModelServer, 'status'>;
}

/** With Triton’s names. */
const extensions = [
  'binary_tensor_data',
  'classification',
  'model_configuration',
  'model_repository',
  'statistics',
];

export const serverRoutes: FastifyPluginCallbackTypebox<ServerDeps> = (
  scope,
  { checks, modelServer },
  done,
) => {
  const metadata = { name: 'trainyard', version: productVersion, extensions };

  scope.get(
    '',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'getInferenceServer',
        tags: ['open inference protocol'],
        summary: 'Get the server’s metadata',
        description: 'Its name, its version and the extensions of the protocol that it supports.',
        response: { 200: ServerMetadata.ref },
      },
    },
    () => metadata,
  );

  scope.get(
    '/health/live',
    {
      logLevel: 'warn',
      config: { access: 'public' },
      schema: {
        operationId: 'getInferenceServerLiveness',
        tags: ['open inference protocol'],
        summary: 'Check that the server is alive',
        description: 'Answers as long as the process runs.',
        querystring: anyQuery,
        response: { 200: ServerLiveness.ref },
      },
    },
    () => ({ live: true }),
  );

  scope.get(
    '/health/ready',
    {
      logLevel: 'warn',
      config: { access: 'public', problems: ['NOT_READY'] },
      schema: {
        operationId: 'getInferenceServerReadiness',
        tags: ['open inference protocol'],
        summary: 'Check that all models are ready',
        description:
          'Like /health/ready. In addition, every model that is not unloaded must be able to answer, as the ' +
          'protocol requires. `warnings` lists other problems of single models.',
        querystring: anyQuery,
        response: { 200: ServerReadiness.ref },
      },
    },
    async (request, reply) => {
      const failures = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => ({ name, err: await checkFailure(check) })),
      );
      const statuses = modelServer.status();
      const reasons = new Set(
        failures.flatMap(({ name, err }) => (err === undefined ? [] : [`${name}: ${err.message}`])),
      );
      // Every model counts, as the protocol requires, except those that are unloaded.
      const unavailable = modelWarnings(statuses.filter(({ state }) => state === 'unavailable'));
      if (unavailable.length > 0) reasons.add(`models: ${unavailable.join(' ')}`);
      if (reasons.size === 0) {
        const warnings = modelWarnings(statuses);
        return { live: true, ready: true, ...(warnings.length > 0 && { warnings }) };
      }
      const detail = [...reasons].join('; ');
      request.log.warn(detail);
      return sendProtocolError(reply, { code: 'NOT_READY', detail }, { live: true, ready: false });
    },
  );

  done();
};
