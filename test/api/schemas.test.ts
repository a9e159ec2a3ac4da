/** The schemas and the types that the rest of the service uses say the same; the compiler compares them. */
import type { Static } from 'typebox';
import { expectTypeOf, test } from 'vitest';
import type { JobRequest } from '../../src/api/schemas/job-request.js';
import type { Job, JobList, newJobExample } from '../../src/api/schemas/job.js';
import type { PredictionResponse } from '../../src/api/schemas/prediction.js';
import type * as contracts from '../../src/jobs/contracts.js';
import type * as modelServer from '../../src/model/model-server.js';

/** With intersections written out. */
type Plain<T> = T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;

test('a request for a job', () => {
  expectTypeOf<Plain<Static<typeof JobRequest.schema>>>().toEqualTypeOf<Plain<contracts.JobRequest>>();
});

test('a job', () => {
  expectTypeOf<Static<typeof Job.schema>>().toEqualTypeOf<contracts.Job>();
  expectTypeOf<Static<typeof JobList.schema>>().toEqualTypeOf<contracts.JobList>();
  expectTypeOf<typeof newJobExample>().toExtend<contracts.Job>();
});

test('a prediction', () => {
  expectTypeOf<Static<typeof PredictionResponse.schema>>().toEqualTypeOf<modelServer.PredictionResponse>();
});
