/**
 * The Open Inference Protocol, version 2, over REST, with the extensions for binary tensors, classification, the model
 * repository, statistics and model configuration. docs/protocols.md lists the features and their tests.
 */
import type { FastifyInstance, preValidationHookHandler } from 'fastify';
import { useProtocolErrors } from '../../problems/error-handlers.js';
import { useJsonOfAnyType } from '../../plugins/json.js';
import { inferComponents, inferRoutes, type InferDeps } from './infer-route.js';
import { modelConfigComponents, modelConfigRoutes } from './config-routes.js';
import { modelMetadataComponents, modelMetadataRoutes, type ModelMetadataDeps } from './model-routes.js';
import { repositoryComponents, repositoryRoutes, type RepositoryDeps } from './repository-routes.js';
import { serverComponents, serverRoutes, type ServerDeps } from './server-routes.js';
import { statisticsComponents, statisticsRoutes, type StatisticsDeps } from './statistics-routes.js';

export const openInferenceComponents = [
  ...serverComponents,
  ...modelMetadataComponents,
  ...inferComponents,
  ...repositoryComponents,
  ...statisticsComponents,
  ...modelConfigComponents,
];

export type OpenInferenceDeps = ServerDeps & ModelMetadataDeps & InferDeps & RepositoryDeps & StatisticsDeps;

/** To be registered under /v2. */
export async function openInference(scope: FastifyInstance, deps: OpenInferenceDeps): Promise<void> {
  useProtocolErrors(scope);
  useJsonOfAnyType(scope);
  scope.addHook('preValidation', leaveOutNulls);
  await scope.register(serverRoutes, deps);
  await scope.register(modelMetadataRoutes, deps);
  await scope.register(inferRoutes, deps);
  await scope.register(repositoryRoutes, deps);
  await scope.register(statisticsRoutes, deps);
  await scope.register(modelConfigRoutes, deps);
}

/**
 * Many serializers write null for what is left out. Removes such members from the body, from its tensors and from their
 * parameters.
 */
const leaveOutNulls: preValidationHookHandler = (request, _reply, done) => {
  const body: unknown = request.body;
  leaveOutOf(body);
  if (isObject(body)) {
    for (const tensors of [body['inputs'], body['outputs']]) {
      if (Array.isArray(tensors)) for (const tensor of tensors) leaveOutOf(tensor);
    }
  }
  done();
};

function leaveOutOf(object: unknown): void {
  if (!isObject(object)) return;
  for (const name in object) if (object[name] === null) Reflect.deleteProperty(object, name);
  if (isObject(object['parameters'])) leaveOutOf(object['parameters']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
