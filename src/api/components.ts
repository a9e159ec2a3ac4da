/** Every named schema. */
import { ModelConfig, ModelStatistics } from './protocols/open-inference/extension-schemas.js';
import { InferRequest, InferResponse } from './protocols/open-inference/infer-schemas.js';
import {
  ModelMetadata,
  ModelReadiness,
  ServerLiveness,
  ServerMetadata,
  ServerReadiness,
} from './protocols/open-inference/metadata-schemas.js';
import {
  LoadRequest,
  RepositoryIndex,
  RepositoryIndexRequest,
  UnloadRequest,
} from './protocols/open-inference/repository-schemas.js';
import {
  TfClassifyRequest,
  TfClassifyResponse,
  TfModelMetadata,
  TfModelStatus,
  TfPredictRequest,
  TfPredictResponse,
} from './protocols/tensorflow-serving/schemas.js';
import type { Component } from '../lib/named-schema.js';
import { Checkpoint, CheckpointList } from './jobs/checkpoint-schemas.js';
import { Liveness, Readiness, ReadinessProblem } from './operations/health-schemas.js';
import { JobEvent, jobEvents, JobEventList, JobEventStream } from './jobs/job-event-schemas.js';
import { JobRequest } from './jobs/job-request-schema.js';
import { Job, JobList } from './jobs/job-schemas.js';
import { MetricsList } from './jobs/curve-schema.js';
import {
  Model,
  ModelAlias,
  ModelAliasRequest,
  ModelList,
  ModelSummary,
  ModelVersion,
  ModelVersionList,
} from './models/model-schemas.js';
import { ModelVersionStatus } from './models/version-status-schema.js';
import { Network } from './jobs/network-schema.js';
import { Optimizer } from './jobs/optimizer-schemas.js';
import { PredictionRequest, PredictionResponse } from './predictions/prediction-schemas.js';
import { JpegImage, PngImage, PredictionForm, RawSamples } from './predictions/prediction-body-schemas.js';
import { Problem } from './problems/problem-schema.js';
import { PrometheusText } from './operations/prometheus-schema.js';
import { ProtocolError } from './problems/protocol-error-schema.js';
import { WebhookDelivery, WebhookDeliveryList } from './jobs/webhook-delivery-schemas.js';

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
