/** POST /v1/datasets: stores a file as it arrives, and makes it a version of a dataset. */
import type { IncomingMessage } from 'node:http';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { datasetTooLarge, type UploadDescription, type Uploads } from '../../data/versions/uploads.js';
import { TrainyardError } from '../../errors.js';
import { DatasetFile, DatasetForm, UploadHeaders, UploadOptions, UploadQuery } from './upload-schemas.js';
import {
  requireName,
  takenAnswers,
  takenResponses,
  type TakenDeps,
  type TakenVersion,
} from './taken-version.js';
import { isForm, jsonObjectOf, receiveBody, type SentOptions } from './upload-body.js';

export interface UploadDeps extends TakenDeps {
  uploads: Pick<Uploads, 'begin' | 'maxBytes'>;
}

/** The content decides how a file is read; these are for the clients that want to know a type. */
const fileTypes = [
  'text/csv',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'application/octet-stream',
];

/** Besides the files: boundaries, headers and options. */
const formOverheadBytes = 2 ** 20;

export const uploadRoute: FastifyPluginCallbackTypebox<UploadDeps> = (app, deps, done) => {
  app.removeAllContentTypeParsers();
  // The handler reads the body, as it arrives.
  app.addContentTypeParser('*', (_request, payload, next) => next(null, payload));
  const answerTaken = takenAnswers(app, deps);

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
        response: takenResponses,
      },
      config: {
        access: 'train',
        problems: ['DATASET_TOO_LARGE', 'DATASET_NAME_TAKEN', 'STORAGE_FULL', 'STORAGE_UNAVAILABLE'],
      },
    },
    async (request, reply) => {
      const taken = await take(request);
      const { name, version, isNew } = taken;
      request.log.info({ dataset: name, version, new: isNew }, 'dataset uploaded');
      return answerTaken(request, reply, taken);
    },
  );

  /** Receives the upload and makes it a version. What is not whole is removed again. */
  async function take(request: FastifyRequest): Promise<TakenVersion> {
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

/** Where the client says how large the body is. @throws TrainyardError DATASET_TOO_LARGE */
function refuseTooLarge(request: FastifyRequest, maxBytes: number): void {
  const most = maxBytes + (isForm(request) ? formOverheadBytes : 0);
  if (Number(request.headers['content-length'] ?? 0) > most) throw datasetTooLarge(maxBytes);
}
