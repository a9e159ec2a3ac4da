/** Probes: is the process alive, and can it do its work. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { TrainyardError } from '../../errors.js';
import type { ModelServer } from '../../model/model-server.js';
import { sendProblem } from '../problem.js';
import { Liveness, Readiness, ReadinessProblem } from '../schemas/health.js';

export interface HealthDeps {
  modelServer: Pick<ModelServer, 'predict' | 'status'>;
  /** What the service depends on, by name; each rejects when that does not work. */
  checks: Record<string, () => Promise<void>>;
}

/** A check that takes longer has failed. */
const answerWithinMs = 2_000;

export const healthRoutes: FastifyPluginCallbackTypebox<HealthDeps> = (
  app,
  { modelServer, checks },
  done,
) => {
  app.get(
    '/health/live',
    {
      // Probes come every few seconds; only what they find wrong is worth a line.
      logLevel: 'warn',
      schema: {
        operationId: 'getLiveness',
        tags: ['health'],
        summary: 'Is the process alive',
        description: 'Answers as long as the process does. Restart it when it does not.',
        response: { 200: Liveness.ref },
      },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'getReadiness',
        tags: ['health'],
        summary: 'Can the service do its work',
        description:
          'Tries all that the service depends on. A service without a model is ready: it takes jobs. Send it no requests ' +
          'while it answers 503.',
        response: {
          200: Readiness.ref,
          503: {
            description: 'Something does not work, or the service is stopping.',
            content: { 'application/problem+json': { schema: ReadinessProblem.ref } },
          },
        },
      },
    },
    async (request, reply) => {
      const outcomes = await Promise.all(Object.entries(checks).map(([name, check]) => tryOut(name, check)));
      const failed = outcomes.filter((outcome) => outcome.error !== undefined);
      const results = Object.fromEntries(
        outcomes.map(({ name, error }) => [
          name,
          error === undefined ? ('ok' as const) : ('failed' as const),
        ]),
      );
      const models = modelServer.status();
      const [first] = failed;
      if (first === undefined) return { status: 'ready' as const, checks: results, models };

      for (const { name, error: err } of failed) request.log.warn({ check: name, err }, 'not ready');
      const code = first.error instanceof TrainyardError ? first.error.code : 'NOT_READY';
      const detail = failed.map(({ name, error }) => `${name}: ${error?.message ?? ''}`).join('; ');
      return sendProblem(reply, { code, detail }, { status: 503, checks: results, models });
    },
  );

  done();
};

async function tryOut(name: string, check: () => Promise<void>): Promise<{ name: string; error?: Error }> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${answerWithinMs} ms`)), answerWithinMs);
  });
  try {
    await Promise.race([check(), tooLate]);
    return { name };
  } catch (error) {
    return { name, error: error instanceof Error ? error : new Error(String(error)) };
  } finally {
    clearTimeout(timer);
  }
}
