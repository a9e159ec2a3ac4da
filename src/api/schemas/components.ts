/** Every named schema. */
import type { Component } from './component.js';
import { Checkpoint, CheckpointList } from './checkpoint.js';
import { Liveness, Readiness, ReadinessProblem } from './health.js';
import { JobEvent, jobEvents, JobEventList, JobEventStream } from './job-event.js';
import { JobRequest } from './job-request.js';
import { Job, JobList } from './job.js';
import { MetricsList } from './metrics.js';
import { Model, ModelList, ModelSummary, ModelVersion } from './model.js';
import { Network } from './network.js';
import { Optimizer } from './optimizer.js';
import { PredictionRequest, PredictionResponse } from './prediction.js';
import { Problem } from './problem.js';
import { WebhookDelivery, WebhookDeliveryList } from './webhook-delivery.js';

export const components: Component[] = [
  Checkpoint,
  CheckpointList,
  Job,
  JobEvent,
  ...jobEvents,
  JobEventList,
  JobEventStream,
  JobList,
  JobRequest,
  Liveness,
  MetricsList,
  Model,
  ModelList,
  ModelSummary,
  ModelVersion,
  Network,
  Optimizer,
  PredictionRequest,
  PredictionResponse,
  Problem,
  Readiness,
  ReadinessProblem,
  WebhookDelivery,
  WebhookDeliveryList,
];
