/** Turns anything that was thrown into a problem document, and holds the one table of their statuses. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodes, TrainyardError, type ErrorCode } from '../../errors.js';
import { maskKeys } from '../../lib/log.js';
import { problemType, type Problem } from './problem-schema.js';
import { describeInvalid, type InvalidField } from './invalid-request.js';

/** Codes that are not listed are faults of the service: 500. */
const statuses: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  MALFORMED_JSON: 400,
  IMAGE_INVALID: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ORIGIN_REFUSED: 403,
  ROUTE_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  CHECKPOINT_NOT_FOUND: 404,
  BATCH_NOT_FOUND: 404,
  SWEEP_NOT_FOUND: 404,
  MODEL_NOT_FOUND: 404,
  VERSION_NOT_FOUND: 404,
  EVALUATION_NOT_FOUND: 404,
  ALIAS_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_SLOW: 408,
  JOB_ENDED: 409,
  JOB_FINISHING: 409,
  JOB_NOT_ENDED: 409,
  BATCH_ENDED: 409,
  BATCH_FINISHING: 409,
  BATCH_NOT_ENDED: 409,
  BATCH_WITHOUT_RESULT: 409,
  BATCH_CORRUPT: 409,
  SWEEP_ENDED: 409,
  SWEEP_NOT_ENDED: 409,
  SWEEP_CORRUPT: 409,
  RUN_CORRUPT: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  VERSION_IN_USE: 409,
  LAST_ADMIN_KEY: 409,
  DATASET_NAME_TAKEN: 409,
  DATASET_NOT_READY: 409,
  DATASET_IN_USE: 409,
  DATASET_CHANGED: 409,
  INIT_FROM_CHANGED: 409,
  BODY_TOO_LARGE: 413,
  DATASET_TOO_LARGE: 413,
  IMAGE_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  DATASET_NOT_FOUND: 422,
  DATASET_VERSION_NOT_FOUND: 422,
  DATASET_INVALID: 422,
  DATASET_NOT_A_TABLE: 422,
  MODEL_FILE_INVALID: 422,
  NETWORK_TOO_LARGE: 422,
  ENGINE_UNAVAILABLE: 422,
  WEBHOOK_REFUSED: 422,
  WEBHOOKS_NOT_CONFIGURED: 422,
  INPUT_UNSUPPORTED: 422,
  QUEUE_FULL: 429,
  OVERLOADED: 429,
  RATE_LIMITED: 429,
  CLIENT_GONE: 499,
  MODEL_NOT_READY: 503,
  NOT_READY: 503,
  QUEUE_UNAVAILABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  SHUTTING_DOWN: 503,
  DEADLINE_EXCEEDED: 504,
  MODEL_TOO_LARGE: 507,
  STORAGE_FULL: 507,
};

/** What to do about it, for errors that do not say so themselves. */
const advice: Partial<Record<ErrorCode, string>> = {
  DATASET_CORRUPT: '`npm run -s check-data` checks the whole store.',
  RUN_CORRUPT:
    'Repair the file, or remove the job with DELETE /v1/jobs/{id}. `npm run -s check-data` checks the whole ' +
    'store.',
  BATCH_CORRUPT: 'Repair the file, or remove the batch with DELETE /v1/batches/{id}.',
  SWEEP_CORRUPT: 'Repair the file, or remove the sweep with DELETE /v1/sweeps/{id}.',
};

/** By status or by code: after how many seconds a client may try again. */
const retryAfterSeconds: Partial<Record<ErrorCode | number, number>> = { 429: 10, 503: 5, OVERLOADED: 1 };

export interface Failure {
  code: ErrorCode;
  detail: string;
  pointer?: string | undefined;
  parameter?: string | undefined;
  /** Everything that violates the schemas of the route. */
  errors?: InvalidField[] | undefined;
  /** The places of a file that are at fault. */
  problems?: readonly object[] | undefined;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where a code means something else on this route than elsewhere: a name in the path is 404, in a body 422. */
    statuses?: Partial<Record<ErrorCode, number>>;
  }
}

export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? 500;
}

/** For a finished request: the status that the client got, or CLIENT_GONE's if it disconnected first. */
export function statusSent({ raw, statusCode }: FastifyReply): number {
  return raw.headersSent ? statusCode : statusOf('CLIENT_GONE');
}

/** In seconds; undefined when another try does not help. */
export function retryAfterOf(code: ErrorCode, status = statusOf(code)): number | undefined {
  return retryAfterSeconds[code] ?? retryAfterSeconds[status];
}

export function setRetryAfter(reply: FastifyReply, code: ErrorCode, status = statusOf(code)): void {
  const retryAfter = retryAfterOf(code, status);
  // A better value may be set already.
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter);
}

export function problemOf(
  { code, detail, pointer, parameter, errors, problems }: Failure,
  { url, id }: { url: string; id: string },
): Problem {
  return {
    type: problemType(code),
    title: errorCodes[code],
    status: statusOf(code),
    detail,
    code,
    instance: url,
    request_id: id,
    ...(pointer !== undefined && { pointer }),
    ...(parameter !== undefined && { parameter }),
    ...(errors !== undefined && { errors }),
    ...(problems !== undefined && { problems: [...problems] }),
  };
}

/**
 * Serialised here, so that no route's serialiser drops a member. Keys are masked, because other systems may collect the
 * errors.
 */
export function bodyTextOf(refusal: object): string {
  return maskKeys(JSON.stringify(refusal));
}

/** `more` has additional members, and may set another status. */
export function sendProblem(
  reply: FastifyReply,
  failure: Failure,
  more: { status?: number; [member: string]: unknown } = {},
): FastifyReply {
  const { statuses: own } = reply.request.routeOptions.config;
  const status = own?.[failure.code] ?? statusOf(failure.code);
  const problem: Problem = { ...problemOf(failure, reply.request), status, ...more };
  setRetryAfter(reply, failure.code, problem.status);
  return reply.code(problem.status).type('application/problem+json').send(bodyTextOf(problem));
}

/** An unexpected error becomes INTERNAL; its message stays in the log. */
export function failureOf(error: unknown, request: FastifyRequest): Failure {
  if (error instanceof TrainyardError) {
    const detail = [error.message, advice[error.code]].filter(Boolean).join(' ');
    return { code: error.code, detail, pointer: error.pointer, problems: error.problems };
  }
  const refusal = error instanceof Error ? fastifyRefusal(error, request) : undefined;
  return (
    refusal ?? {
      code: 'INTERNAL',
      detail: 'The service failed to answer. Its log says why, under the request_id.',
    }
  );
}

function fastifyRefusal(error: Partial<FastifyError>, request: FastifyRequest): Failure | undefined {
  const { code, statusCode = 500, message = errorCodes.INVALID_REQUEST } = error;
  switch (code ?? '') {
    case 'FST_ERR_VALIDATION':
      return { code: 'INVALID_REQUEST', ...describeInvalid(error) };
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return failureOf(tooLarge(request.routeOptions.bodyLimit), request);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'UNSUPPORTED_MEDIA_TYPE', detail: notTaken(request) };
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { code: 'INVALID_REQUEST', detail: 'The path is wrongly encoded or too long.' };
    default:
      // Other errors that Fastify blames on the client, such as a body that was cut short.
      return statusCode >= 400 && statusCode < 500 ? { code: 'INVALID_REQUEST', detail: message } : undefined;
  }
}

export function tooLarge(limitBytes: number): TrainyardError {
  const limit = limitBytes < 2 ** 20 ? `${limitBytes / 2 ** 10} kB` : `${limitBytes / 2 ** 20} MB`;
  const message = `The body is larger than ${limit} (${limitBytes.toLocaleString('en')} bytes), the most that this route reads.`;
  return new TrainyardError('BODY_TOO_LARGE', message);
}

function notTaken({ headers, routeOptions }: FastifyRequest): string {
  const contentType = headers['content-type'];
  const sent =
    contentType === undefined ? 'no Content-Type' : `the Content-Type ${JSON.stringify(contentType)}`;
  const { content } = (routeOptions.schema?.body ?? {}) as { content?: object };
  const taken = Object.keys(content ?? { 'application/json': {} });
  const list = new Intl.ListFormat('en', { type: 'disjunction' }).format(taken);
  return `The body has ${sent}; send it as ${list}.`;
}
