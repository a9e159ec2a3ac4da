/** Lists and shows models and their versions, sends the files of versions, and removes versions. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Aliases, ModelNames } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import type { Registry } from '../../model/registry/registry.js';
import type { Retention } from '../../model/registry/retention.js';
import { columnsView, taskView } from './model-columns.js';
import { evaluationView, versionView } from './version-view.js';
import { openApiOf } from './model-openapi.js';
import { findVersion, modelNotFound, refuseImpossibleName } from './find-version.js';
import { answerWithCompatibleProblem } from '../problems/error-handlers.js';
import { basePathOf } from '../plugins/base-path.js';
import { tensorflowStatuses, isAnswering, ModelVersionStatus } from './version-status.js';
import { fileResponses, sendFile } from './send-file.js';
import {
  Model,
  ModelList,
  ModelPage,
  ModelOpenApi,
  ModelParams,
  ModelVersion,
  ModelVersionList,
  VersionPage,
  VersionParams,
  ModelSummary,
} from './model-schemas.js';

export const modelComponents = [
  Model,
  ModelList,
  ModelOpenApi,
  ModelSummary,
  ModelVersion,
  ModelVersionList,
  ModelVersionStatus,
];

export interface ModelDeps {
  registry: Pick<Registry, 'names' | 'versionNumbers' | 'newestVersions' | 'held' | 'manifest' | 'openFile'>;
  aliases: Pick<Aliases, 'names'>;
  retention: Pick<Retention, 'remove'>;
  modelServer: Pick<ModelServer, 'refresh' | 'statusOf'>;
}

/** How many versions a model is shown with. */
const versionsShown = 20;

export const modelRoutes: FastifyPluginCallbackTypebox<ModelDeps> = (
  app,
  { registry, aliases, retention, modelServer },
  done,
) => {
  /** null when no version of the model has a readable manifest. */
  async function summaryOf(name: string, { versions, pinned, damaged }: ModelNames) {
    const number = versions.get(latestAlias) ?? null;
    const isUnknown = damaged.some(({ alias }) => alias === latestAlias);
    const held = await registry.held(name);
    if (number === null && !isUnknown && held.size === 0) return null;
    const [latest, numbers] = await Promise.all([
      number === null ? null : registry.manifest(name, number),
      registry.versionNumbers(name),
    ]);
    return {
      object: 'model' as const,
      name,
      latest_version: number,
      pinned: pinned || isUnknown,
      aliases: Object.fromEntries([...versions].filter(([alias]) => alias !== latestAlias)),
      ...(damaged.length > 0 && { damaged_aliases: damaged.map(({ alias }) => alias) }),
      version_count: numbers.length,
      ...(held.size > 0 && { held_versions: [...held.keys()] }),
      created_at: latest?.created_at ?? null,
      ...(latest && { ...taskView(latest), ...evaluationView(latest) }),
    };
  }

  app.get(
    '/v1/models',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'List the models, by name',
        description: 'For the next page, send `after` with the name of the last model of this page.',
        querystring: ModelPage,
        response: { 200: ModelList.ref },
      },
    },
    async ({ query: { after = '', limit = 20 } }) => {
      const names = await registry.names({ after, atMost: limit + 1 });
      const page = await Promise.all(
        names.slice(0, limit).map(async (name) => summaryOf(name, await aliases.names(name))),
      );
      const data = page.filter((model) => model !== null);
      const models = data.map(({ name }) => name);
      return { object: 'list' as const, data, has_more: names.length > limit, models };
    },
  );

  app.get(
    '/v1/models/:name',
    {
      errorHandler: answerWithCompatibleProblem,
      config: { access: 'any', problems: ['MODEL_NOT_FOUND'] },
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'Get a model and its newest versions',
        description:
          `The newest ${versionsShown} versions, each with its metrics, its network and the digest of its file. ` +
          '`GET /v1/models/{name}/versions` lists all of them, in pages.',
        params: ModelParams,
        response: { 200: Model.ref },
      },
    },
    async ({ params: { name } }) => {
      refuseImpossibleName(name);
      const names = await aliases.names(name);
      const summary = await summaryOf(name, names);
      if (summary === null) throw modelNotFound(name);
      const { versions, damaged, hasMore } = await registry.newestVersions(name, { atMost: versionsShown });
      const held = await registry.held(name);
      const numbers = [...versions.map(({ version }) => version), ...damaged].sort((a, b) => a - b);
      const latest =
        summary.latest_version === null ? null : await registry.manifest(name, summary.latest_version);
      return {
        ...summary,
        ...(latest && columnsView(latest)),
        versions: versions.toReversed().map((each) => versionView(each, names, held)),
        has_more: hasMore,
        ...(damaged.length > 0 && { damaged_versions: damaged }),
        model_version_status: tensorflowStatuses(modelServer, name, numbers),
        ready: isAnswering(modelServer.statusOf(name)),
      };
    },
  );

  app.get(
    '/v1/models/:name/openapi.json',
    {
      config: { access: 'any', problems: ['MODEL_NOT_FOUND', 'MODEL_NOT_READY', 'CHECKPOINT_CORRUPT'] },
      schema: {
        operationId: 'getModelOpenApi',
        tags: ['models'],
        summary: 'Get the OpenAPI document of a model',
        description:
          'Describes `POST /predict` for the version that is `latest` now: its columns or numbers, its answer, and an ' +
          'example that works when it is sent.',
        params: ModelParams,
        response: { 200: ModelOpenApi.ref },
      },
    },
    async (request, reply) => {
      const manifest = await findVersion({ registry, aliases }, request.params.name, {});
      return openApiOf(manifest, basePathOf(request, reply) || '/');
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
        description:
          'For the next page, send `after` with the last version of this page. `damaged_versions` lists the ' +
          'versions whose manifest cannot be read.',
        params: ModelParams,
        querystring: VersionPage,
        response: { 200: ModelVersionList.ref },
      },
    },
    async ({ params: { name }, query: { after = Infinity, limit = 20 } }) => {
      refuseImpossibleName(name);
      const page = await registry.newestVersions(name, { before: after, atMost: limit });
      const { versions, damaged, hasMore } = page;
      if (versions.length === 0 && (await registry.versionNumbers(name)).length === 0)
        throw modelNotFound(name);
      const [names, held] = await Promise.all([aliases.names(name), registry.held(name)]);
      return {
        object: 'list' as const,
        data: versions.map((each) => versionView(each, names, held)),
        has_more: hasMore,
        ...(damaged.length > 0 && { damaged_versions: damaged }),
      };
    },
  );

  app.get(
    '/v1/models/:name/versions/:version',
    {
      errorHandler: answerWithCompatibleProblem,
      config: { access: 'any', problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CHECKPOINT_CORRUPT'] },
      schema: {
        operationId: 'getModelVersion',
        tags: ['models'],
        summary: 'Get a version of a model',
        description: 'Its metrics, the spec of its job, and the size and the SHA-256 of its file.',
        params: VersionParams,
        response: { 200: ModelVersion.ref },
      },
    },
    async ({ params: { name, version } }) => {
      refuseImpossibleName(name);
      const manifest = await registry.manifest(name, Number(version));
      return {
        ...versionView(manifest, await aliases.names(name), await registry.held(name)),
        ...columnsView(manifest),
        model_version_status: tensorflowStatuses(modelServer, name, [manifest.version]),
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
          'A safetensors file with PyTorch’s names and layout: `safetensors.torch.load_file` and ' +
          '`load_state_dict` read it unchanged. `Range` resumes an interrupted download; `ETag` and `Repr-Digest` ' +
          'are its SHA-256.',
        params: VersionParams,
        response: fileResponses(),
      },
    },
    async ({ params: { name, version } }, reply) => {
      refuseImpossibleName(name);
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
        summary: 'Remove a version permanently',
        description: 'A version that an alias points to cannot be removed. The number is never used again.',
        params: VersionParams,
        response: { 204: { description: 'The version is removed.', type: 'null' } },
      },
    },
    async ({ params: { name, version } }, reply) => {
      refuseImpossibleName(name);
      await retention.remove(name, Number(version));
      await modelServer.refresh(name);
      return reply.code(204).send(null);
    },
  );

  done();
};
