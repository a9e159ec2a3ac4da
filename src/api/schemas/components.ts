/** Every named schema. */
import type { Component } from './component.js';
import { Liveness, Readiness, ReadinessProblem } from './health.js';
import { JobRequest } from './job-request.js';
import { Job, JobList } from './job.js';
import { Model, ModelList, ModelSummary, ModelVersion } from './model.js';
import { Network } from './network.js';
import { Optimizer } from './optimizer.js';
import { PredictionRequest, PredictionResponse } from './prediction.js';
import { Problem } from './problem.js';

export const components: Component[] = [
  Job,
  JobList,
  JobRequest,
  Liveness,
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
];
