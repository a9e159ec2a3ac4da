/**
 * TensorFlow Serving's REST API. The status of a model and of a version share their paths with this service's own
 * documents, which include it: models/model-routes.ts. docs/protocols.md lists the features and their tests.
 */
import type { FastifyInstance } from 'fastify';
import { sendCompatibleProblem, useProtocolErrors } from '../../problems/error-handlers.js';
import { useJsonOfAnyType } from '../../plugins/json.js';
import { tfMetadataRoutes, type TfMetadataDeps } from './metadata-routes.js';
import { tfPredictRoutes, type TfPredictDeps } from './predict-routes.js';

export type TensorflowServingDeps = TfPredictDeps & TfMetadataDeps;

/** To be registered under /v1/models. */
export async function tensorflowServing(scope: FastifyInstance, deps: TensorflowServingDeps): Promise<void> {
  // An unmatched path does not tell whose client sent it.
  useProtocolErrors(scope, sendCompatibleProblem);
  useJsonOfAnyType(scope);
  await scope.register(tfPredictRoutes, deps);
  await scope.register(tfMetadataRoutes, deps);
}
