/**
 * Parses a request to /predict, whatever form its body has: the version that shall answer, the samples, and what to
 * return.
 */
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { TrainyardError } from '../../errors.js';
import { beginsAsImage, type ImageReader } from '../../images/image-reader.js';
import type { AnsweringModel } from '../../model/serving/loaded-model.js';
import type { ModelChoice } from '../../model/serving/model-server.js';
import { isNumberList, isPacked, itemCount, type NumberList } from '../../model/serving/packed-numbers.js';
import { packRows } from '../../model/serving/raw-inputs.js';
import { inputsOfRows } from '../../model/serving/table-inputs.js';
import type { PredictionForm, PredictionQuery, PredictionRequest } from './prediction-schemas.js';
import type { Samples } from './run-prediction.js';
import { samplesOfBytes, samplesOfImages } from './binary-samples.js';

export interface OutputOptions {
  /** How many of the likeliest classes to return; all where there are fewer. */
  topK?: number | undefined;
  /** Whether to return the probabilities of all classes. */
  probabilities: boolean;
  /** Whether to return the numbers that the network takes for each sample. */
  networkInputs: boolean;
  /** A likeliest class with a smaller confidence is not named. */
  abstainBelow?: number | undefined;
}

export interface ParsedRequest {
  choice: ModelChoice;
  answer: OutputOptions;
  /** Synchronous where the body is JSON: the hot path awaits nothing that it need not. */
  readSamples: (model: AnsweringModel) => Samples | Promise<Samples>;
}

type Query = Static<typeof PredictionQuery>;

/** The request has passed its schemas. @throws TrainyardError INVALID_REQUEST */
export function parseRequest(request: FastifyRequest, reader: Pick<ImageReader, 'read'>): ParsedRequest {
  const { body, mediaType } = request;
  const query = request.query as Query;
  if (body === undefined || body === null) {
    throw new TrainyardError('INVALID_REQUEST', 'The body is missing.', { pointer: '' });
  }
  if (mediaType?.startsWith('image/') === true) return parseImages([body as Buffer], query, reader, request);
  switch (mediaType) {
    case 'multipart/form-data':
      return parseImages((body as Static<typeof PredictionForm.schema>).image, query, reader, request);
    case 'application/octet-stream':
      return query.dtype === undefined && beginsAsImage(body as Buffer)
        ? parseImages([body as Buffer], query, reader, request)
        : parseBytes(body as Buffer, query);
    case undefined:
    default:
      return parseRows(body, query);
  }
}

function parseRows(body: Static<typeof PredictionRequest.schema>, query: Query): ParsedRequest {
  for (const name in query) {
    throw new TrainyardError(
      'INVALID_REQUEST',
      `${name} belongs in the body of a JSON request, not in the query string.`,
    );
  }
  const field = body.inputs ? 'inputs' : 'instances';
  const rows = body[field] ?? [];
  return {
    ...optionsOf(body),
    readSamples: (model) => readRows(model, rows, field),
  };
}

/** @throws TrainyardError INVALID_REQUEST, INPUT_UNSUPPORTED */
function readRows(
  { manifest, network, preprocessing }: AnsweringModel,
  rows: NumberList,
  field: string,
): Samples {
  if (preprocessing !== null) return { ...inputsOfRows(preprocessing, rows, field), field };
  if (!isPacked(rows) && isObject(rows[0])) {
    const message = `${manifest.model} takes lists of ${network.inputs} numbers, and no columns by name.`;
    throw new TrainyardError('INPUT_UNSUPPORTED', message, { pointer: `/${field}/0` });
  }
  return { inputs: packRows(rows, network.inputs, field), count: itemCount(rows), field };
}

function isObject(row: unknown): boolean {
  return typeof row === 'object' && row !== null && !isNumberList(row);
}

function parseBytes(bytes: Buffer, { dtype, image_fit: fit, ...options }: Query): ParsedRequest {
  refuse('image_fit', fit, 'images');
  return { ...optionsOf(options), readSamples: (model) => samplesOfBytes(bytes, model, dtype) };
}

function parseImages(
  images: Buffer[],
  { image_fit: fit, dtype, ...options }: Query,
  reader: Pick<ImageReader, 'read'>,
  request: FastifyRequest,
): ParsedRequest {
  refuse('dtype', dtype, 'numbers');
  return {
    ...optionsOf(options),
    readSamples: (model) => samplesOfImages(images, model, fit, reader, request),
  };
}

function optionsOf({
  model,
  version,
  alias,
  top_k: topK,
  probabilities = true,
  network_inputs: networkInputs = false,
  abstain_below: abstainBelow,
}: Query): Omit<ParsedRequest, 'readSamples'> {
  if (version !== undefined && alias !== undefined) {
    throw new TrainyardError('INVALID_REQUEST', 'version and alias cannot be given together.');
  }
  return { choice: { model, version, alias }, answer: { topK, probabilities, networkInputs, abstainBelow } };
}

function refuse(name: string, value: unknown, what: string): void {
  if (value === undefined) return;
  throw new TrainyardError('INVALID_REQUEST', `${name} applies only to bodies of ${what}.`);
}
