/** Lists, shows and removes datasets and their versions. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import type { DatasetInfo, TableInfo } from '../../data/dataset.js';
import type { DatasetStore } from '../../data/store.js';
import { builtInNames, type DatasetVersions } from '../../data/versions/dataset-versions.js';
import { TrainyardError, type ErrorCode } from '../../errors.js';
import { logFailure } from '../problems/error-handlers.js';
import { sendProblem } from '../problems/problem.js';
import {
  Dataset,
  DatasetList,
  DatasetPage,
  DatasetParams,
  DatasetProfile,
  DatasetRows,
  DatasetSamples,
  DatasetSummary,
  DatasetVersionList,
  DatasetVersionPage,
  DatasetVersionParams,
  RowPage,
  SampleQuery,
} from './dataset-schemas.js';
import { builtInSummary, datasetOf, profileOf, rowsOf, summaryOf } from './dataset-views.js';
import { createSampleReader } from './sample-reader.js';
import { DatasetFile, DatasetForm } from './upload-schemas.js';
import { uploadRoute, type UploadDeps } from './upload-route.js';

export const datasetComponents = [
  Dataset,
  DatasetFile,
  DatasetForm,
  DatasetList,
  DatasetProfile,
  DatasetRows,
  DatasetSamples,
  DatasetSummary,
  DatasetVersionList,
];

export interface DatasetDeps extends UploadDeps {
  datasets: Pick<DatasetStore, 'info' | 'openTable' | 'load'>;
  versions: Pick<DatasetVersions, 'names' | 'numbers' | 'find' | 'progress' | 'remove'>;
  /** The id of a job that has not ended and learns from the version; null: none does. */
  jobOnDataset: (name: string, version: number) => Promise<string | null>;
}

/** In the path a name that is not there is 404. */
const statuses = { DATASET_NOT_FOUND: 404, DATASET_VERSION_NOT_FOUND: 404 };
const missing: ErrorCode[] = ['DATASET_NOT_FOUND', 'DATASET_VERSION_NOT_FOUND', 'DATASET_CORRUPT'];
const unread: ErrorCode[] = ['DATASET_NOT_READY', 'DATASET_INVALID', 'DATASET_NOT_A_TABLE'];
/** Damaged, or removed since it was listed. */
const leftOut: ErrorCode[] = missing;
const reading: ErrorCode[] = ['STORAGE_UNAVAILABLE'];
const removing: ErrorCode[] = ['DATASET_IN_USE', 'DATASET_NAME_TAKEN', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'];

const read = (...problems: ErrorCode[]) => ({
  access: 'train' as const,
  statuses,
  problems: [...missing, ...problems, ...reading],
});

export const datasetRoutes: FastifyPluginCallbackTypebox<DatasetDeps> = (app, deps, done) => {
  const { datasets, versions, jobOnDataset } = deps;
  const samples = createSampleReader(datasets);
  // The fault is in the path, and not at a place in a body.
  app.setErrorHandler((error, request, reply) => {
    void sendProblem(reply, { ...logFailure(error, request, reply), pointer: undefined });
  });
  void app.register(uploadRoute, deps);

  async function summary(
    name: string,
    version?: number,
  ): Promise<{ shown: Static<typeof DatasetSummary.schema>; info: DatasetInfo | null; progress: Progress }> {
    if (builtInNames.includes(name)) {
      const info = await datasets.info(name, version);
      if (info.kind === 'arrays') return { shown: builtInSummary(info), info, progress: null };
    }
    const stored = await versions.find(name, version);
    const shown = summaryOf(stored);
    return {
      shown,
      info: shown.status === 'ready' ? await datasets.info(name, stored.version) : null,
      progress: stored.result === null ? await versions.progress(stored) : null,
    };
  }

  async function view(name: string, version?: number) {
    const { shown, info, progress } = await summary(name, version);
    return datasetOf(shown, info, progress);
  }

  async function tableOf(name: string, version?: number): Promise<TableInfo> {
    const info = await datasets.info(name, version);
    if (info.kind === 'table') return info;
    const message =
      `${name} has no named columns: its samples are arrays of ${info.inputs} numbers. ` +
      `Train on it with {"dataset": "${name}"}.`;
    throw new TrainyardError('DATASET_NOT_A_TABLE', message);
  }

  async function rows(page: { after?: number; limit?: number }, name: string, version?: number) {
    const { after = 0, limit = 20 } = page;
    const table = await tableOf(name, version);
    const content = await datasets.openTable(name, table.version);
    const cells = await content.rows(after, limit);
    return rowsOf(table, cells, { first: after, hasMore: after + cells.length < table.schema.rows });
  }

  async function refuseIfUsed(name: string, version: number): Promise<void> {
    const job = await jobOnDataset(name, version);
    if (job === null) return;
    const message = `The job ${job} uses version ${version} of ${name}. Cancel it, or wait until it has ended.`;
    throw new TrainyardError('DATASET_IN_USE', message);
  }

  /** Oldest first, so that a job that names no version meanwhile never gets an older one. */
  async function remove(name: string, numbers: readonly number[]): Promise<void> {
    for (const version of numbers) await refuseIfUsed(name, version);
    for (const version of numbers) {
      const isNeeded = async (): Promise<boolean> => (await jobOnDataset(name, version)) !== null;
      if (!(await versions.remove(name, version, isNeeded))) await refuseIfUsed(name, version);
    }
  }

  /** Damaged versions are left out. */
  async function summaries(wanted: readonly [name: string, version?: number][]) {
    const found = await Promise.all(
      wanted.map(async ([name, version]) => {
        try {
          return [(await summary(name, version)).shown];
        } catch (error) {
          if (error instanceof TrainyardError && leftOut.includes(error.code)) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  }

  function refuseBuiltIn(name: string): void {
    if (!builtInNames.includes(name)) return;
    throw new TrainyardError('DATASET_NAME_TAKEN', `The dataset ${name} is built in and cannot be removed.`);
  }

  app.get(
    '/v1/datasets',
    {
      config: { access: 'train', problems: ['DATASET_CORRUPT', ...reading] },
      schema: {
        operationId: 'listDatasets',
        tags: ['datasets'],
        summary: 'List the datasets, by name',
        description:
          'Each by its newest version, whatever its status. For the next page, send `after` with the name of the ' +
          'last dataset of this page. Datasets with damaged files are left out.',
        querystring: DatasetPage,
        response: { 200: DatasetList.ref },
      },
    },
    async ({ query: { after = '', limit = 20 } }) => {
      const uploaded = await versions.names({ after, atMost: limit + 1 });
      const names = [...builtInNames.filter((name) => name > after), ...uploaded].sort();
      const data = await summaries(names.slice(0, limit).map((name) => [name]));
      return { object: 'list' as const, data, has_more: names.length > limit };
    },
  );

  app.get(
    '/v1/datasets/:name',
    {
      config: read(),
      schema: {
        operationId: 'getDataset',
        tags: ['datasets'],
        summary: 'Get the newest version of a dataset',
        description: 'Its status and, once it has been read, its columns and warnings.',
        params: DatasetParams,
        response: { 200: Dataset.ref },
      },
    },
    ({ params: { name } }) => view(name),
  );

  app.get(
    '/v1/datasets/:name/versions',
    {
      config: read(),
      schema: {
        operationId: 'listDatasetVersions',
        tags: ['datasets'],
        summary: 'List the versions of a dataset, newest first',
        description: 'For the next page, send `after` with the last version of this page.',
        params: DatasetParams,
        querystring: DatasetVersionPage,
        response: { 200: DatasetVersionList.ref },
      },
    },
    async ({ params: { name }, query: { after = Infinity, limit = 20 } }) => {
      const known = builtInNames.includes(name) ? [1] : await versions.numbers(name);
      if (known.length === 0) await versions.find(name);
      const numbers = known.filter((number) => number < after).reverse();
      const data = await summaries(numbers.slice(0, limit).map((number) => [name, number]));
      return { object: 'list' as const, data, has_more: numbers.length > limit };
    },
  );

  app.get(
    '/v1/datasets/:name/versions/:version',
    {
      config: read(),
      schema: {
        operationId: 'getDatasetVersion',
        tags: ['datasets'],
        summary: 'Get a version of a dataset',
        description: 'Its status and, once it has been read, its columns and warnings.',
        params: DatasetVersionParams,
        response: { 200: Dataset.ref },
      },
    },
    ({ params: { name, version } }) => view(name, Number(version)),
  );

  app.get(
    '/v1/datasets/:name/rows',
    {
      config: read(...unread),
      schema: {
        operationId: 'listDatasetRows',
        tags: ['datasets'],
        summary: 'Get rows of the newest version',
        description:
          'In the order of the file. For the next page, send `after` with the number of the last row.',
        params: DatasetParams,
        querystring: RowPage,
        response: { 200: DatasetRows.ref },
      },
    },
    ({ params: { name }, query }) => rows(query, name),
  );

  app.get(
    '/v1/datasets/:name/versions/:version/rows',
    {
      config: read(...unread),
      schema: {
        operationId: 'listDatasetVersionRows',
        tags: ['datasets'],
        summary: 'Get rows of a version',
        description:
          'In the order of the file. For the next page, send `after` with the number of the last row.',
        params: DatasetVersionParams,
        querystring: RowPage,
        response: { 200: DatasetRows.ref },
      },
    },
    ({ params: { name, version }, query }) => rows(query, name, Number(version)),
  );

  app.get(
    '/v1/datasets/:name/versions/:version/samples',
    {
      config: read('DATASET_NOT_READY', 'DATASET_INVALID'),
      schema: {
        operationId: 'listDatasetSamples',
        tags: ['datasets'],
        summary: 'Get samples of a dataset of arrays',
        description:
          'Single samples by their numbers, such as the pictures that the evaluation of a model names: its test rows are of the ' +
          'part `test`, and its validation rows of the part `train`.',
        params: DatasetVersionParams,
        querystring: SampleQuery,
        response: { 200: DatasetSamples.ref },
      },
    },
    async ({ params: { name, version }, query: { part = 'test', rows: wanted } }) => {
      const data = await samples.read(name, Number(version), part, wanted.split(',').map(Number));
      return { object: 'list' as const, part, data };
    },
  );

  app.get(
    '/v1/datasets/:name/profile',
    {
      config: read(...unread),
      schema: {
        operationId: 'getDatasetProfile',
        tags: ['datasets'],
        summary: 'Get the profile of the newest version',
        description:
          'Of every column its type, missing and distinct values, quantiles, histogram and commonest values.',
        params: DatasetParams,
        response: { 200: DatasetProfile.ref },
      },
    },
    async ({ params: { name } }) => profileOf(await tableOf(name)),
  );

  app.get(
    '/v1/datasets/:name/versions/:version/profile',
    {
      config: read(...unread),
      schema: {
        operationId: 'getDatasetVersionProfile',
        tags: ['datasets'],
        summary: 'Get the profile of a version',
        description:
          'Of every column its type, missing and distinct values, quantiles, histogram and commonest values.',
        params: DatasetVersionParams,
        response: { 200: DatasetProfile.ref },
      },
    },
    async ({ params: { name, version } }) => profileOf(await tableOf(name, Number(version))),
  );

  app.delete(
    '/v1/datasets/:name',
    {
      config: read(...removing),
      schema: {
        operationId: 'deleteDataset',
        tags: ['datasets'],
        summary: 'Delete a dataset with all its versions',
        description:
          'Refused while a job that has not ended uses one of them. Models that learned from it stay and answer.',
        params: DatasetParams,
        response: { 204: { description: 'The dataset is deleted.', type: 'null' } },
      },
    },
    async ({ params: { name }, log }, reply) => {
      refuseBuiltIn(name);
      const numbers = await versions.numbers(name);
      if (numbers.length === 0) await versions.find(name);
      await remove(name, numbers);
      log.info({ dataset: name }, 'dataset deleted');
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/v1/datasets/:name/versions/:version',
    {
      config: read(...removing),
      schema: {
        operationId: 'deleteDatasetVersion',
        tags: ['datasets'],
        summary: 'Delete a version of a dataset',
        description: 'Refused while a job that has not ended uses it. The number is never used again.',
        params: DatasetVersionParams,
        response: { 204: { description: 'The version is deleted.', type: 'null' } },
      },
    },
    async ({ params: { name, version }, log }, reply) => {
      refuseBuiltIn(name);
      await remove(name, [Number(version)]);
      log.info({ dataset: name, version: Number(version) }, 'dataset version deleted');
      return reply.code(204).send(null);
    },
  );

  done();
};

type Progress = { fraction: number; rows: number } | null;
