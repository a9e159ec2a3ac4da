/** The probes: whether the process is alive, and whether it can do its work. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { TrainyardError } from '../../errors.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { anyQuery } from '../plugins/query-strings.js';
import { sendProblem } from '../problems/problem.js';
import { checkFailure, modelWarnings, type Check } from './readiness.js';
import { Liveness, Readiness, ReadinessProblem } from './health-schemas.js';

export const healthComponents = [Liveness, Readiness, ReadinessProblem];

export interface HealthDeps {
  modelServer: Pick<ModelServer, 'status'>;
  /** The dependencies of the process, by name. */
  checks: Record<string, Check>;
}

export const healthRoutes: FastifyPluginCallbackTypebox<HealthDeps> = (
  app,
  { modelServer, checks },
  done,
) => {
  app.get(
    '/health/live',
    {
      // Probes come every few seconds; only failures are worth a log line.
      logLevel: 'warn',
      config: { access: 'public' },
      schema: {
        operationId: 'getLiveness',
        tags: ['health'],
        summary: 'Check that the process is alive',
        description: 'Answers as long as the process runs. Restart the process when it does not answer.',
        querystring: anyQuery,
        response: { 200: Liveness.ref },
      },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    {
      logLevel: 'warn',
      config: { access: 'public' },
      schema: {
        operationId: 'getReadiness',
        tags: ['health'],
        summary: 'Check that the service can do its work',
        description:
          'Tries every dependency of the service, at most every few seconds. A service without a model is ready, ' +
          'because it can take jobs. Send it no requests while it answers 503. `warnings` lists problems of ' +
          'single models.',
        querystring: anyQuery,
        response: {
          200: Readiness.ref,
          503: {
            description: 'A dependency does not work, or the service is stopping.',
            content: { 'application/problem+json': { schema: ReadinessProblem.ref } },
          },
        },
      },
    },
    async (request, reply) => {
      const outcomes = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => ({ name, err: await checkFailure(check) })),
      );
      const results = Object.fromEntries(
        outcomes.map(({ name, err }) => [name, err === undefined ? ('ok' as const) : ('failed' as const)]),
      );
      const statuses = modelServer.status();
      const models = statuses.flatMap(({ model, version, state }) =>
        version === null ? [] : [{ model, version, state }],
      );
      const found = modelWarnings(statuses);
      const warnings = found.length > 0 && { warnings: found };
      const failed = outcomes.flatMap(({ name, err }) => (err === undefined ? [] : [{ name, err }]));
      const [first] = failed;
      if (first === undefined) {
        return { status: 'ready' as const, checks: results, models, ...warnings };
      }

      for (const { name, err } of failed) request.log.warn({ check: name, err }, 'not ready');
      const code = first.err instanceof TrainyardError ? first.err.code : 'NOT_READY';
      const detail = failed.map(({ name, err }) => `${name}: ${err.message}`).join('; ');
      return sendProblem(reply, { code, detail }, { status: 503, checks: results, models, ...warnings });
    },
  );

  done();
};
