/** The records of a job, as the service answers with them. */
import type { Job, Schemas } from '../../service/api.js';

export type EpochMetrics = NonNullable<Job['metrics']>;
export type ProgressPoint = NonNullable<Schemas['MetricsList']['progress']>[number];
export type Outcomes = Schemas['OutcomesList']['data'][number];
export type Checkpoint = Schemas['CheckpointList']['data'][number];
