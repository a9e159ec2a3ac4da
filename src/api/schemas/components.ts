/** Every named schema. */
import { ModelConfig, ModelStatistics } from '../protocols/open-inference/extension-schemas.js';
import { InferRequest, InferResponse } from '../protocols/open-inference/infer-schemas.js';
import {
  ModelMetadata,
  ModelReadiness,
  ServerLiveness,
  ServerMetadata,
  ServerReadiness,
} from '../protocols/open-inference/metadata-schemas.js';
import {
  LoadRequest,
  RepositoryIndex,
  RepositoryIndexRequest,
  UnloadRequest,
} from '../protocols/open-inference/repository-schemas.js';
import {
  TfClassifyRequest,
  TfClassifyResponse,
  TfModelMetadata,
  TfModelStatus,
  TfPredictRequest,
  TfPredictResponse,
} from '../protocols/tensorflow-serving/schemas.js';
import type { Component } from './component.js';
import { Checkpoint, CheckpointList } from './checkpoint.js';
import { Liveness, Readiness, ReadinessProblem } from './health.js';
import { JobEvent, jobEvents, JobEventList, JobEventStream } from './job-event.js';
import { JobRequest } from './job-request.js';
import { Job, JobList } from './job.js';
import { MetricsList } from './metrics.js';
import {
  Model,
  ModelAlias,
  ModelAliasRequest,
  ModelList,
  ModelSummary,
  ModelVersion,
  ModelVersionList,
} from './model.js';
import { ModelVersionStatus } from './model-version-status.js';
import { Network } from './network.js';
import { Optimizer } from './optimizer.js';
import { PredictionRequest, PredictionResponse } from './prediction.js';
import { JpegImage, PngImage, PredictionForm, RawSamples } from './prediction-bodies.js';
import { Problem } from './problem.js';
import { PrometheusText } from './prometheus.js';
import { ProtocolError } from './protocol-error.js';
import { WebhookDelivery, WebhookDeliveryList } from './webhook-delivery.js';

export const components: Component[] = [
  Checkpoint,
  CheckpointList,
  InferRequest,
  InferResponse,
  Job,
  JobEvent,
  ...jobEvents,
  JobEventList,
  JobEventStream,
  JobList,
  JobRequest,
  JpegImage,
  Liveness,
  LoadRequest,
  MetricsList,
  Model,
  ModelAlias,
  ModelAliasRequest,
  ModelConfig,
  ModelList,
  ModelMetadata,
  ModelReadiness,
  ModelStatistics,
  ModelSummary,
  ModelVersion,
  ModelVersionList,
  ModelVersionStatus,
  Network,
  Optimizer,
  PngImage,
  PredictionForm,
  PredictionRequest,
  PredictionResponse,
  Problem,
  PrometheusText,
  ProtocolError,
  RawSamples,
  Readiness,
  ReadinessProblem,
  RepositoryIndex,
  RepositoryIndexRequest,
  ServerLiveness,
  ServerMetadata,
  ServerReadiness,
  TfClassifyRequest,
  TfClassifyResponse,
  TfModelMetadata,
  TfModelStatus,
  TfPredictRequest,
  TfPredictResponse,
  UnloadRequest,
  WebhookDelivery,
  WebhookDeliveryList,
];
