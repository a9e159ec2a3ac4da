/**
 * The Open Inference Protocol, version 2, over REST, with the extensions for binary tensors, classification, the
 * model repository, statistics and model configuration. docs/protocols.md says which feature is where tested.
 */
import type { FastifyInstance } from 'fastify';
import { useErrorBodies } from '../../problems/error-body.js';
import { useJsonOfAnyType } from '../json-of-any-type.js';
import { inferRoutes, type InferDeps } from './infer.js';
import { modelConfigRoutes } from './model-config.js';
import { modelMetadataRoutes, type ModelMetadataDeps } from './models.js';
import { leaveOutNulls } from './null-members.js';
import { repositoryRoutes, type RepositoryDeps } from './repository.js';
import { serverRoutes, type ServerDeps } from './server.js';
import { statisticsRoutes, type StatisticsDeps } from './statistics.js';

export type OpenInferenceDeps = ServerDeps & ModelMetadataDeps & InferDeps & RepositoryDeps & StatisticsDeps;

/** To be registered under /v2. */
export async function openInference(scope: FastifyInstance, deps: OpenInferenceDeps): Promise<void> {
  useErrorBodies(scope);
  useJsonOfAnyType(scope);
  scope.addHook('preValidation', leaveOutNulls);
  await scope.register(serverRoutes, deps);
  await scope.register(modelMetadataRoutes, deps);
  await scope.register(inferRoutes, deps);
  await scope.register(repositoryRoutes, deps);
  await scope.register(statisticsRoutes, deps);
  await scope.register(modelConfigRoutes, deps);
}
