/**
 * The statistics extension: how much each version was used since this process started, and how long that took.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
import { component } from '../../../lib/named-schema.js';
import Type, { type Static } from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ErrorCode } from '../../../errors.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import type { InferenceStatistics, Tally } from '../../predictions/inference-statistics.js';
import { findVersion, type VersionLookup } from '../../models/find-version.js';
import { choiceOf, paths } from './version-path.js';

const Duration = Type.Object({
  count: Type.Integer(),
  ns: Type.Integer({ description: 'Nanoseconds in total.' }),
});

const computed = { compute_input: Duration, compute_infer: Duration, compute_output: Duration };

const duration = (count: number, ns: number) => ({ count, ns });

const computedExample = {
  compute_input: duration(3, 0),
  compute_infer: duration(3, 354_000),
  compute_output: duration(3, 0),
};

const ModelStatistics = component(
  'ModelStatistics',
  Type.Object(
    {
      model_stats: Type.Array(
        Type.Object({
          name: Type.String(),
          version: Type.String(),
          last_inference: Type.Integer({ description: 'Milliseconds since the epoch; 0 stands for never.' }),
          inference_count: Type.Integer({ description: 'Samples that were answered.' }),
          execution_count: Type.Integer({
            description: 'Calls of the engine, each with the samples of one or more requests.',
          }),
          inference_stats: Type.Object(
            {
              success: Duration,
              fail: Duration,
              queue: Duration,
              ...computed,
              cache_hit: Duration,
              cache_miss: Duration,
            },
            { description: 'Requests, and where their time was spent.' },
          ),
          response_stats: Type.Unsafe<object>({
            type: 'object',
            description: 'Empty, because a request has one response.',
          }),
          batch_stats: Type.Array(Type.Object({ batch_size: Type.Integer(), ...computed }), {
            description: 'Calls of the engine, by the number of samples.',
          }),
          memory_usage: Type.Array(Type.Unknown(), { description: 'Empty, because it is not known.' }),
        }),
      ),
    },
    {
      description: 'How much versions were used since this process started.',
      examples: [
        {
          model_stats: [
            {
              name: 'mnist-mlp',
              version: '1',
              last_inference: 1_767_323_056_301,
              inference_count: 3,
              execution_count: 3,
              inference_stats: {
                success: duration(3, 4_120_000),
                fail: duration(0, 0),
                queue: duration(3, 123_000),
                ...computedExample,
                cache_hit: duration(0, 0),
                cache_miss: duration(0, 0),
              },
              response_stats: {},
              batch_stats: [{ batch_size: 1, ...computedExample }],
              memory_usage: [],
            },
          ],
        },
      ],
    },
  ),
);

export const statisticsComponents = [ModelStatistics];

export interface StatisticsDeps extends VersionLookup {
  modelServer: Pick<ModelServer, 'refresh' | 'status'>;
  statistics: Pick<InferenceStatistics, 'versionsOf' | 'of'>;
}

type VersionEntry = Static<typeof ModelStatistics.schema>['model_stats'][number];

const problems: ErrorCode[] = [
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'ALIAS_NOT_FOUND',
  'CHECKPOINT_CORRUPT',
];

export const statisticsRoutes: FastifyPluginCallbackTypebox<StatisticsDeps> = (
  scope,
  { registry, aliases, modelServer, statistics },
  done,
) => {
  /** For the versions that are loaded or were used. */
  function ofModel(name: string): VersionEntry[] {
    const loaded = modelServer.status().find(({ model }) => model === name)?.versions ?? [];
    const versions = new Set([...loaded, ...statistics.versionsOf(name)]);
    return [...versions].sort((a, b) => a - b).map((version) => entryOf(statistics, name, version));
  }

  scope.get(
    '/models/stats',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'getInferenceStatistics',
        tags: ['open inference protocol'],
        summary: 'Get the statistics of all models',
        description: 'For every version that is loaded or was used since this process started.',
        response: { 200: ModelStatistics.ref },
      },
    },
    async () => {
      await modelServer.refresh();
      return { model_stats: modelServer.status().flatMap(({ model }) => ofModel(model)) };
    },
  );

  for (const { suffix, path, params } of paths) {
    scope.get(
      `${path}/stats`,
      {
        config: { access: 'any', problems },
        schema: {
          operationId: `getInferenceModel${suffix}Statistics`,
          tags: ['open inference protocol'],
          summary: 'Get the statistics of a model',
          description:
            'Without a version, for every version that is loaded or was used since this process started.',
          params,
          response: { 200: ModelStatistics.ref },
        },
      },
      async ({ params: asked }) => {
        const { model, version } = await findVersion({ registry, aliases }, asked.name, choiceOf(asked));
        return {
          model_stats: 'version' in asked ? [entryOf(statistics, model, version)] : ofModel(model),
        };
      },
    );
  }

  done();
};

function entryOf(statistics: StatisticsDeps['statistics'], name: string, version: number): VersionEntry {
  const { lastAskedAt, samples, success, fail, queue, inference, batches } = statistics.of(name, version);
  const executions = [...batches].sort(([a], [b]) => a - b);
  return {
    name,
    version: String(version),
    last_inference: lastAskedAt,
    inference_count: samples,
    execution_count: executions.reduce((sum, [, { count }]) => sum + count, 0),
    inference_stats: {
      success: durationOf(success),
      fail: durationOf(fail),
      queue: durationOf(queue),
      ...computedDurations(inference),
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: executions.map(([size, tally]) => ({ batch_size: size, ...computedDurations(tally) })),
    memory_usage: [],
  };
}

const none = { count: 0, ns: 0 };

/** Inputs and outputs are copied within the call of the engine, so no time is theirs alone. */
function computedDurations(tally: Tally) {
  const copying = { count: tally.count, ns: 0 };
  return { compute_input: copying, compute_infer: durationOf(tally), compute_output: copying };
}

function durationOf({ count, ms }: Tally) {
  return { count, ns: Math.round(ms * 1e6) };
}
