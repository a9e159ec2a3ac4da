/** Checks the request of a trial against the schema of a job: its parameters came from no client in this form. */
import type { FastifyError } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { JobRequest as Request } from '../../jobs/runs/job-request.js';
import { jobComponents } from '../jobs/job-routes.js';
import { JobRequest } from '../jobs/request-schema.js';
import { RequestValidation, type Validate } from '../plugins/validation.js';
import { describeInvalid } from '../problems/invalid-request.js';

let compiled: Validate | undefined;

/** @throws TrainyardError INVALID_REQUEST, naming the first invalid field */
export function checkJobRequest(request: Request): void {
  compiled ??= new RequestValidation(jobComponents).compile({ $ref: `${JobRequest.name}#` });
  const found = compiled(request);
  if (found === true) return;
  const validation = found.error as NonNullable<FastifyError['validation']>;
  const { detail, pointer } = describeInvalid({ validation, validationContext: 'body' });
  throw new TrainyardError('INVALID_REQUEST', detail, pointer === undefined ? {} : { pointer });
}
