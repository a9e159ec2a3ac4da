/** What the prediction routes of all protocols share: their limits, their problems, and the run of one prediction. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, TrainyardError } from '../../errors.js';
import { refuseOverflow } from '../../model/heads/head.js';
import type { AnsweringModel, ServedModel } from '../../model/serving/loaded-model.js';
import type { PredictionWarning } from '../../model/serving/table-inputs.js';
import { isBackground } from './waiting-room.js';

/** Room for 1024 samples of 784 numbers with all their digits. */
export const predictionBodyLimit = 32 * 2 ** 20;

const problems: readonly ErrorCode[] = [
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'ALIAS_NOT_FOUND',
  'OVERLOADED',
  'MODEL_NOT_READY',
  'DEADLINE_EXCEEDED',
  'CHECKPOINT_CORRUPT',
];

export const predictionConfig = { access: 'predict', predicts: true, problems } as const;

/** How long a request waits that sets no time-out. */
const defaultTimeoutMs = 30_000;

/** A client sets its time-out in this header. */
const timeoutHeader = 'x-timeout-ms';

export interface Samples {
  /** (count, network.inputs), raw and finite */
  inputs: Float32Array;
  count: number;
  /** The client's name for them, for messages about one of them. */
  field: string;
  /** About the rows of a table. */
  warnings?: readonly PredictionWarning[];
  /** Set where the protocol has a time-out of its own. */
  timeoutMs?: number | undefined;
}

/**
 * Predicts with the model, for at most as long as the client waits. The answer's `Server-Timing` says how long it took.
 * @returns results (count, network.outputs); the model's head says what they mean
 * @throws TrainyardError INVALID_REQUEST, DEADLINE_EXCEEDED, CLIENT_GONE
 */
export async function runPrediction(
  model: ServedModel,
  samples: Samples,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Float32Array> {
  const { model: name, version } = model.manifest;
  request.prediction = { model: name, version, count: samples.count, queueMs: null, inferenceMs: null };
  return predictInTime(model, samples, request, reply);
}

/** As `runPrediction`, for a model that is no version: nothing is counted. */
export async function predictInTime(
  model: AnsweringModel,
  { inputs, count, field, timeoutMs }: Samples,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Float32Array> {
  const { results, queueMs, inferenceMs } = await model.predict({
    inputs,
    count,
    deadlineMs: deadlineOf(request, timeoutMs),
    isBackground: isBackground(request.headers),
    isWanted: () => isWanted(request),
  });
  if (request.prediction) Object.assign(request.prediction, { queueMs, inferenceMs });
  refuseOverflow(results, model.network.outputs, field);
  reply.header('server-timing', `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`);
  return results;
}

/**
 * Called between the steps of long work.
 * @throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE
 */
export function refuseLateOrGone(request: FastifyRequest): void {
  if (!isWanted(request)) throw new TrainyardError('CLIENT_GONE', 'The client disconnected.');
  if (performance.now() <= deadlineOf(request)) return;
  throw new TrainyardError(
    'DEADLINE_EXCEEDED',
    'The samples were not read in time. Allow more time, or send fewer.',
  );
}

function isWanted(request: FastifyRequest): boolean {
  return !request.raw.socket.destroyed;
}

/** On the clock of `performance.now`. */
function deadlineOf(request: FastifyRequest, timeoutMs = timeoutOf(request)): number {
  return request.arrivedMs + timeoutMs;
}

function timeoutOf(request: FastifyRequest): number {
  const text = request.headers[timeoutHeader];
  if (text === undefined) return defaultTimeoutMs;
  if (typeof text === 'string' && /^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new TrainyardError(
    'INVALID_REQUEST',
    `${timeoutHeader} must be a number of milliseconds from 1 to 999999.`,
  );
}
