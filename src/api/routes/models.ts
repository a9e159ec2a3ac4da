/** What has been published. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { TrainyardError } from '../../errors.js';
import { modelNamePattern, type Registry, type VersionManifest } from '../../model/registry.js';
import { Model, ModelList, ModelPage, ModelParams } from '../schemas/model.js';

export interface ModelDeps {
  registry: Pick<Registry, 'names' | 'versionNumbers' | 'versions' | 'latest'>;
}

export const modelRoutes: FastifyPluginCallbackTypebox<ModelDeps> = (app, { registry }, done) => {
  async function summaryOf(name: string, latest: VersionManifest) {
    return {
      object: 'model' as const,
      name,
      latest_version: latest.version,
      version_count: (await registry.versionNumbers(name)).length,
      created_at: latest.created_at,
    };
  }

  app.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'List the models, by name',
        description: 'For the next page, ask with `after` set to the name of the last model of this one.',
        querystring: ModelPage,
        response: { 200: ModelList.ref },
      },
    },
    async ({ query: { after = '', limit = 20 } }) => {
      const names = (await registry.names()).filter((name) => name > after);
      const page = await Promise.all(
        names.slice(0, limit).map(async (name) => {
          const latest = await registry.latest(name);
          // Of none of its versions is there a manifest that can be read.
          return latest === null ? [] : [await summaryOf(name, latest)];
        }),
      );
      return { object: 'list' as const, data: page.flat(), has_more: names.length > limit };
    },
  );

  app.get(
    '/v1/models/:name',
    {
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'Look at a model and its versions',
        description: 'Each version with its metrics, its network and the digest of its file.',
        params: ModelParams,
        response: { 200: Model.ref },
      },
      config: { problems: ['MODEL_NOT_FOUND'] },
    },
    async ({ params: { name } }) => {
      const versions = modelNamePattern.test(name) ? await registry.versions(name) : [];
      const latest = versions.at(-1);
      if (latest === undefined) {
        throw new TrainyardError(
          'MODEL_NOT_FOUND',
          `No model named ${JSON.stringify(name)} has been published.`,
        );
      }
      return { ...(await summaryOf(name, latest)), versions: versions.map(shown) };
    },
  );

  done();
};

/** Without where the file lies: that is the store's business. */
function shown({
  version,
  run_id,
  step,
  metrics,
  network,
  labels,
  parameters,
  file,
  created_at,
}: VersionManifest) {
  const { size_bytes, sha256 } = file;
  return {
    version,
    job_id: run_id,
    step,
    metrics,
    network,
    labels,
    parameters,
    file: { size_bytes, sha256 },
    created_at,
  };
}
