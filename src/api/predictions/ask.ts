/** What every protocol asks of a model: for as long as the client waits, and with the times in the answer's header. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { refuseOverflow } from '../../model/heads/head.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';

/** A request without a time-out of its own waits this long. */
const defaultTimeoutMs = 30_000;

/** In which a client says how long it waits. */
const timeoutHeader = 'x-timeout-ms';

export interface Samples {
  /** (count, network.inputs) raw and finite. */
  inputs: Float32Array;
  count: number;
  /** What the client calls them, for messages about one of them. */
  field: string;
  /** Where the protocol has a time-out of its own. */
  timeoutMs?: number | undefined;
}

/**
 * The results of the samples, (count, network.outputs): what they mean is for the model's head to say.
 * @throws TrainyardError INVALID_REQUEST, DEADLINE_EXCEEDED, CLIENT_GONE
 */
export async function ask(
  model: ServedModel,
  { inputs, count, field, timeoutMs }: Samples,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Float32Array> {
  const { model: name, version } = model.manifest;
  request.prediction = { model: name, version, count, queueMs: null, inferenceMs: null };
  const { results, queueMs, inferenceMs } = await model.predict({
    inputs,
    count,
    deadlineMs: deadlineOf(request, timeoutMs),
    isWanted: () => isWanted(request),
  });
  Object.assign(request.prediction, { queueMs, inferenceMs });
  refuseOverflow(results, model.network.outputs, field);
  reply.header('server-timing', `queue;dur=${queueMs.toFixed(3)}, inference;dur=${inferenceMs.toFixed(3)}`);
  return results;
}

/**
 * Between the steps of what takes long.
 * @throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE
 */
export function refuseUnwanted(request: FastifyRequest): void {
  if (!isWanted(request)) throw new TrainyardError('CLIENT_GONE', 'The client went away.');
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
