/** What has been published: models, and their versions to look at, to take along and to take away. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import type { Alias, Aliases } from '../../model/aliases.js';
import { latestAlias } from '../../model/model-folder.js';
import type { ModelServer } from '../../model/model-server.js';
import type { Registry, VersionManifest } from '../../model/registry.js';
import type { Retention } from '../../model/retention.js';
import { modelNotFound, refuseOtherNames } from '../published.js';
import { answerWithBoth } from '../protocols/error-body.js';
import { versionStatuses } from '../protocols/tensorflow-serving/version-status.js';
import { sendFile } from '../send-file.js';
import {
  Model,
  ModelList,
  ModelPage,
  ModelParams,
  ModelVersion,
  ModelVersionList,
  VersionPage,
  VersionParams,
} from '../schemas/model.js';

export interface ModelDeps {
  registry: Pick<Registry, 'names' | 'versionNumbers' | 'versions' | 'latest' | 'manifest' | 'openFile'>;
  aliases: Pick<Aliases, 'list'>;
  retention: Pick<Retention, 'remove'>;
  modelServer: Pick<ModelServer, 'refresh' | 'status'>;
}

export const modelRoutes: FastifyPluginCallbackTypebox<ModelDeps> = (
  app,
  { registry, aliases, retention, modelServer },
  done,
) => {
  /** null: none of its versions has a manifest that can be read. */
  async function summaryOf(name: string, set: Alias[]) {
    const pinned = set.find(({ alias }) => alias === latestAlias);
    const latest = pinned ? await registry.manifest(name, pinned.version) : await registry.latest(name);
    if (latest === null) return null;
    return {
      object: 'model' as const,
      name,
      latest_version: latest.version,
      pinned: pinned !== undefined,
      aliases: Object.fromEntries(
        set.filter((each) => each !== pinned).map(({ alias, version }) => [alias, version]),
      ),
      version_count: (await registry.versionNumbers(name)).length,
      created_at: latest.created_at,
    };
  }

  /** Of each version the aliases that stand for it. */
  async function namesOf(name: string): Promise<(version: number) => string[]> {
    const set = await aliases.list(name);
    const names = set.map(({ alias, version }) => ({ alias, version }));
    if (!names.some(({ alias }) => alias === latestAlias)) {
      const latest = await registry.latest(name);
      if (latest !== null) names.push({ alias: latestAlias, version: latest.version });
    }
    return (version) => names.filter((each) => each.version === version).map(({ alias }) => alias);
  }

  app.get(
    '/v1/models',
    {
      config: { access: 'any' },
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
        names.slice(0, limit).map(async (name) => summaryOf(name, await aliases.list(name))),
      );
      const data = page.filter((model) => model !== null);
      return { object: 'list' as const, data, has_more: names.length > limit };
    },
  );

  app.get(
    '/v1/models/:name',
    {
      errorHandler: answerWithBoth,
      config: { access: 'any', problems: ['MODEL_NOT_FOUND'] },
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'Look at a model and its versions',
        description: 'Each version with its metrics, its network and the digest of its file.',
        params: ModelParams,
        response: { 200: Model.ref },
      },
    },
    async ({ params: { name } }) => {
      refuseOtherNames(name);
      const versions = await registry.versions(name);
      const summary = await summaryOf(name, await aliases.list(name));
      if (summary === null) throw modelNotFound(name);
      const names = await namesOf(name);
      return {
        ...summary,
        versions: versions.map((each) => shown(each, names(each.version))),
        model_version_status: versionStatuses(modelServer, name, await registry.versionNumbers(name)),
      };
    },
  );

  app.get(
    '/v1/models/:name/versions',
    {
      config: { access: 'any', problems: ['MODEL_NOT_FOUND'] },
      schema: {
        operationId: 'listModelVersions',
        tags: ['models'],
        summary: 'List the versions of a model, newest first',
        description: 'For the next page, ask with `after` set to the last version of this one.',
        params: ModelParams,
        querystring: VersionPage,
        response: { 200: ModelVersionList.ref },
      },
    },
    async ({ params: { name }, query: { after = Infinity, limit = 20 } }) => {
      refuseOtherNames(name);
      const versions = (await registry.versions(name)).reverse();
      if (versions.length === 0) throw modelNotFound(name);
      const names = await namesOf(name);
      const rest = versions.filter(({ version }) => version < after);
      const data = rest.slice(0, limit).map((each) => shown(each, names(each.version)));
      return { object: 'list' as const, data, has_more: rest.length > limit };
    },
  );

  app.get(
    '/v1/models/:name/versions/:version',
    {
      errorHandler: answerWithBoth,
      config: { access: 'any', problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CHECKPOINT_CORRUPT'] },
      schema: {
        operationId: 'getModelVersion',
        tags: ['models'],
        summary: 'Look at a version of a model',
        description: 'Its metrics, what its job was to do, and the size and the SHA-256 of its file.',
        params: VersionParams,
        response: { 200: ModelVersion.ref },
      },
    },
    async ({ params: { name, version } }) => {
      refuseOtherNames(name);
      const manifest = await registry.manifest(name, Number(version));
      return {
        ...shown(manifest, (await namesOf(name))(manifest.version)),
        model_version_status: versionStatuses(modelServer, name, [manifest.version]),
      };
    },
  );

  app.get(
    '/v1/models/:name/versions/:version/model.safetensors',
    {
      config: {
        access: 'train',
        problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'RANGE_NOT_SATISFIABLE', 'CHECKPOINT_CORRUPT'],
      },
      schema: {
        operationId: 'downloadModelVersion',
        tags: ['models'],
        summary: 'Download the file of a version',
        description:
          'A safetensors file with PyTorch’s names and layout: `safetensors.torch.load_file` and `load_state_dict` read it ' +
          'unchanged. A download that broke off goes on with `Range`; `ETag` and `Repr-Digest` are its SHA-256.',
        params: VersionParams,
        response: {
          200: {
            description: 'The file.',
            headers: { ETag: { type: 'string' }, 'Repr-Digest': { type: 'string' } },
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
          206: {
            description: 'The range of it that was asked for.',
            headers: { 'Content-Range': { type: 'string' } },
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
          304: { description: 'The client has it: `If-None-Match` named it.', type: 'null' },
        },
      },
    },
    async ({ params: { name, version } }, reply) => {
      refuseOtherNames(name);
      const manifest = await registry.manifest(name, Number(version));
      return sendFile(reply, {
        ...manifest.file,
        filename: `${name}-v${manifest.version}.safetensors`,
        open: (range) => registry.openFile(manifest, range),
      });
    },
  );

  app.delete(
    '/v1/models/:name/versions/:version',
    {
      config: {
        access: 'admin',
        problems: [
          'MODEL_NOT_FOUND',
          'VERSION_NOT_FOUND',
          'VERSION_IN_USE',
          'CHECKPOINT_CORRUPT',
          'STORAGE_UNAVAILABLE',
          'STORAGE_FULL',
        ],
      },
      schema: {
        operationId: 'removeModelVersion',
        tags: ['models'],
        summary: 'Remove a version for good',
        description: 'Not one that an alias stands for. Its number is not given again.',
        params: VersionParams,
        response: { 204: { description: 'It is gone.', type: 'null' } },
      },
    },
    async ({ params: { name, version } }, reply) => {
      refuseOtherNames(name);
      await retention.remove(name, Number(version));
      await modelServer.refresh();
      return reply.code(204).send(null);
    },
  );

  done();
};

/** Where the file lies is the store's business. */
function shown(manifest: VersionManifest, aliases: string[]): Static<typeof ModelVersion.schema> {
  const { model, version, run_id, step, spec = null, metrics, network, labels, parameters, file } = manifest;
  return {
    object: 'model_version',
    model,
    version,
    aliases,
    job_id: run_id,
    step,
    spec: spec as Static<typeof ModelVersion.schema>['spec'],
    metrics,
    network,
    labels,
    parameters,
    file: { size_bytes: file.size_bytes, sha256: file.sha256 },
    created_at: manifest.created_at,
  };
}
