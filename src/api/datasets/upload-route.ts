/** POST /v1/datasets: stores a file as it arrives, and makes it a version of a dataset. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { DatasetStore } from '../../data/store.js';
import {
  builtInNames,
  type DatasetVersions,
  type StoredVersion,
} from '../../data/versions/dataset-versions.js';
import { nearestStoredName, storedNamePattern } from '../../lib/stored-name.js';
import { datasetTooLarge, type UploadDescription, type Uploads } from '../../data/versions/uploads.js';
import { TrainyardError } from '../../errors.js';
import { basePathOf } from '../plugins/base-path.js';
import {
  Dataset,
  DatasetFile,
  DatasetForm,
  datasetExamples,
  UploadHeaders,
  UploadOptions,
  UploadQuery,
} from './dataset-schemas.js';
import { datasetOf, summaryOf } from './dataset-views.js';
import { isForm, jsonObjectOf, receiveBody, type SentOptions } from './upload-body.js';

export interface UploadDeps {
  datasets: Pick<DatasetStore, 'info'>;
  versions: Pick<DatasetVersions, 'find' | 'progress'>;
  uploads: Pick<Uploads, 'begin' | 'maxBytes'>;
}

/** The content decides how a file is read; these are for the clients that want to know a type. */
const fileTypes = [
  'text/csv',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'application/octet-stream',
];

const mostWaitSeconds = 60;
const lookEveryMs = 100;
/** Besides the files: boundaries, headers and options. */
const formOverheadBytes = 2 ** 20;

export const uploadRoute: FastifyPluginCallbackTypebox<UploadDeps> = (app, deps, done) => {
  app.removeAllContentTypeParsers();
  // The handler reads the body, as it arrives.
  app.addContentTypeParser('*', (_request, payload, next) => next(null, payload));
  let isClosing = false;
  app.addHook('preClose', (next) => {
    isClosing = true;
    next();
  });

  const location = {
    Location: { type: 'string', description: 'The URL of the version.' },
    'Preference-Applied': {
      type: 'string',
      description: 'Only when the request was answered after the wait.',
    },
  };
  const answerOf = (description: string, example: Static<typeof Dataset.schema>) => ({
    description,
    headers: location,
    content: { 'application/json': { schema: Dataset.ref, example } },
  });

  app.post(
    '/v1/datasets',
    {
      schema: {
        operationId: 'uploadDataset',
        tags: ['datasets'],
        summary: 'Upload a file as a version of a dataset',
        description:
          'The body is the file, or a form with the file and options. CSV and TSV, JSON Lines and Parquet are ' +
          'read, each also gzipped; a form may have IDX files instead. The file is stored first and then read in ' +
          'the background: follow it at the `Location`, or wait for it with `Prefer: wait=30`. Every row is read; ' +
          'the types that were found can be overridden by `columns`.\n\nThe same content with the same options is ' +
          'the same version, so that an upload can be repeated. New content becomes the next version.',
        headers: UploadHeaders,
        querystring: UploadQuery,
        body: {
          content: {
            ...Object.fromEntries(fileTypes.map((type) => [type, { schema: DatasetFile.ref }])),
            'multipart/form-data': { schema: DatasetForm.ref },
          },
        },
        response: {
          200: answerOf('There is such a version already, and it has been read.', datasetExamples.ready),
          201: answerOf(
            'The version is new and has been read: `status` says with what result.',
            datasetExamples.ready,
          ),
          202: answerOf('The file is stored and will be read.', datasetExamples.processing),
        },
      },
      config: {
        access: 'train',
        problems: ['DATASET_TOO_LARGE', 'DATASET_NAME_TAKEN', 'STORAGE_FULL', 'STORAGE_UNAVAILABLE'],
      },
    },
    async (request, reply) => {
      const { name, version, isNew } = await take(request);
      request.log.info({ dataset: name, version, new: isNew }, 'dataset uploaded');
      const waitSeconds = waitOf(request.headers.prefer);
      const stored = await untilRead(reply, name, version, waitSeconds);
      if (stored.result !== null && waitSeconds > 0)
        reply.header('preference-applied', `wait=${waitSeconds}`);
      return reply
        .code(stored.result === null ? 202 : isNew ? 201 : 200)
        .header('location', `${basePathOf(request, reply)}/v1/datasets/${name}/versions/${version}`)
        .send(await viewOf(stored));
    },
  );

  /** Receives the upload and makes it a version. What is not whole is removed again. */
  async function take(request: FastifyRequest): Promise<{ name: string; version: number; isNew: boolean }> {
    const query = request.query as Static<typeof UploadQuery>;
    const fromQuery: SentOptions = { ...query };
    if (query.columns !== undefined) fromQuery.columns = jsonObjectOf('columns', query.columns);
    // Before the body, where everything is known by then.
    if (!isForm(request)) descriptionOf(request, fromQuery);
    refuseTooLarge(request, deps.uploads.maxBytes);
    const payload = request.body as IncomingMessage | undefined;
    if (payload === undefined)
      throw new TrainyardError('INVALID_REQUEST', 'The body is missing: send the file.');
    const upload = deps.uploads.begin();
    let description: UploadDescription;
    try {
      const sent = await receiveBody(request, payload, upload);
      description = descriptionOf(request, { ...sent, ...fromQuery });
    } catch (error) {
      await upload.discard();
      throw error;
    }
    return { name: description.name, ...(await upload.finish(description)) };
  }

  async function untilRead(
    reply: FastifyReply,
    name: string,
    version: number,
    waitSeconds: number,
  ): Promise<StoredVersion> {
    const untilMs = performance.now() + waitSeconds * 1_000;
    for (;;) {
      const stored = await deps.versions.find(name, version);
      const isOver = performance.now() >= untilMs || isClosing || reply.raw.destroyed;
      if (stored.result !== null || isOver) return stored;
      await sleep(lookEveryMs);
    }
  }

  async function viewOf(stored: StoredVersion): Promise<Static<typeof Dataset.schema>> {
    const summary = summaryOf(stored);
    const info = summary.status === 'ready' ? await deps.datasets.info(stored.name, stored.version) : null;
    return datasetOf(summary, info, stored.result === null ? await deps.versions.progress(stored) : null);
  }

  done();
};

/** @throws TrainyardError INVALID_REQUEST, DATASET_NAME_TAKEN */
function descriptionOf(request: FastifyRequest, sent: SentOptions): UploadDescription {
  const target = typeof sent.target === 'string' ? [sent.target] : sent.target;
  const options = { ...sent, ...(target !== undefined && { target }) };
  const found = request.validateInput(options, UploadOptions) as true | { error: unknown };
  if (found !== true) {
    const invalid = { code: 'FST_ERR_VALIDATION', validation: found.error, validationContext: 'body' };
    throw Object.assign(new Error('The options are not valid.'), invalid);
  }
  const { name, target: targets = [], ...reading } = options as Static<typeof UploadOptions>;
  return { name: requireName(name), target: targets, options: reading };
}

function requireName(name: string | undefined): string {
  if (name === undefined) {
    const message = 'The dataset has no name: add ?name=… to the URL, or the field name to the form.';
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  if (!storedNamePattern.test(name)) {
    const nearest = nearestStoredName(name);
    const advice = nearest === '' ? '' : ` The nearest valid name is ${JSON.stringify(nearest)}.`;
    throw new TrainyardError(
      'INVALID_REQUEST',
      `${JSON.stringify(name)} is not a valid name of a dataset: use 1 to 64 of a-z, 0-9, '.', '_' and '-', ` +
        `beginning with a letter or a digit.${advice}`,
    );
  }
  if (builtInNames.includes(name)) {
    throw new TrainyardError('DATASET_NAME_TAKEN', `The dataset ${name} is built in; take another name.`);
  }
  return name;
}

/** Where the client says how large the body is. @throws TrainyardError DATASET_TOO_LARGE */
function refuseTooLarge(request: FastifyRequest, maxBytes: number): void {
  const most = maxBytes + (isForm(request) ? formOverheadBytes : 0);
  if (Number(request.headers['content-length'] ?? 0) > most) throw datasetTooLarge(maxBytes);
}

/** In seconds, from `Prefer` (RFC 7240); `wait` alone is the most; 0: the client does not wait. */
function waitOf(prefer: string | undefined): number {
  for (const preference of (prefer ?? '').split(/[,;]/)) {
    const match = /^\s*wait(?:\s*=\s*"?(\d{1,9})"?)?\s*$/i.exec(preference);
    if (match !== null) return Math.min(Number(match[1] ?? mostWaitSeconds), mostWaitSeconds);
  }
  return 0;
}
