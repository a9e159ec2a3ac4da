/** The schemas and the types that the rest of the service uses say the same; the compiler compares them. */
import type { Static } from 'typebox';
import { expectTypeOf, test } from 'vitest';
import type * as request from '../../../src/jobs/runs/job-request.js';
import type * as events from '../../../src/jobs/runs/run-events.js';
import type * as jobs from '../../../src/jobs/views/job.js';
import type { CheckpointList, MetricsList, OutcomesList } from '../../../src/api/jobs/record-schemas.js';
import type { JobEvent, JobEventList } from '../../../src/api/jobs/event-schemas.js';
import type { JobRequest } from '../../../src/api/jobs/request-schema.js';
import type { Job, JobList, JobPlan, jobExamples } from '../../../src/api/jobs/job-schemas.js';

/** With intersections written out. */
type Plain<T> = T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;

test('a request for a job', () => {
  expectTypeOf<Plain<Static<typeof JobRequest.schema>>>().toEqualTypeOf<Plain<request.JobRequest>>();
});

test('a job', () => {
  expectTypeOf<Static<typeof Job.schema>>().toEqualTypeOf<jobs.Job>();
  expectTypeOf<Static<typeof JobList.schema>>().toEqualTypeOf<jobs.JobList>();
  expectTypeOf<(typeof jobExamples)[keyof typeof jobExamples]>().toExtend<jobs.Job>();
});

test('what a job would train', () => {
  expectTypeOf<Static<typeof JobPlan.schema>>().toEqualTypeOf<jobs.JobPlan>();
});

test('an event', () => {
  type Body<T> = Extract<Static<typeof JobEvent.schema>, { type: T }>;
  type Contract<T> = Plain<Extract<events.RunEvent, { type: T }>>;
  expectTypeOf<Plain<Body<'started'>>>().toEqualTypeOf<Contract<'started'>>();
  expectTypeOf<Plain<Body<'progress'>>>().toEqualTypeOf<Contract<'progress'>>();
  expectTypeOf<Plain<Body<'metrics'>>>().toEqualTypeOf<Contract<'metrics'>>();
  expectTypeOf<Plain<Body<'stopped'>>>().toEqualTypeOf<Contract<'stopped'>>();
  expectTypeOf<Plain<Body<'checkpoint'>>>().toEqualTypeOf<Contract<'checkpoint'>>();
  expectTypeOf<Plain<Body<'published'>>>().toEqualTypeOf<Contract<'published'>>();
  expectTypeOf<Plain<Body<'log'>>>().toEqualTypeOf<Contract<'log'>>();
  expectTypeOf<Plain<Body<'done'>>>().toEqualTypeOf<Contract<'done'>>();
  // The contract says which fields go with which status, the schema that they may be there.
  expectTypeOf<Contract<'status'>>().toExtend<Body<'status'>>();
  expectTypeOf<jobs.EventList>().toExtend<Static<typeof JobEventList.schema>>();
});

test('what a job leaves behind', () => {
  expectTypeOf<Static<typeof MetricsList.schema>>().toEqualTypeOf<jobs.MetricsList>();
  expectTypeOf<Static<typeof OutcomesList.schema>>().toEqualTypeOf<jobs.OutcomesList>();
  expectTypeOf<Static<typeof CheckpointList.schema>>().toEqualTypeOf<jobs.CheckpointList>();
});
