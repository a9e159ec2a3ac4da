/**
 * The Open Inference Protocol, version 2, over REST, with the extensions for binary tensors, classification and the
 * model repository. docs/protocols.md says which feature is where tested.
 */
import type { FastifyInstance } from 'fastify';
import { useErrorBodies } from '../error-body.js';
import { useJsonOfAnyType } from '../json-of-any-type.js';
import { inferRoutes, type InferDeps } from './infer.js';
import { modelMetadataRoutes, type ModelMetadataDeps } from './models.js';
import { leaveOutNulls } from './null-members.js';
import { repositoryRoutes, type RepositoryDeps } from './repository.js';
import { serverRoutes, type ServerDeps } from './server.js';

export type OpenInferenceDeps = ServerDeps & ModelMetadataDeps & InferDeps & RepositoryDeps;

/** To be registered under /v2. */
export async function openInference(scope: FastifyInstance, deps: OpenInferenceDeps): Promise<void> {
  useErrorBodies(scope);
  useJsonOfAnyType(scope);
  scope.addHook('preValidation', leaveOutNulls);
  await scope.register(serverRoutes, deps);
  await scope.register(modelMetadataRoutes, deps);
  await scope.register(inferRoutes, deps);
  await scope.register(repositoryRoutes, deps);
}
