/**
 * TensorFlow Serving's REST API. The status of a model and of a version have the paths of this service's own documents,
 * which carry it: routes/models.ts. docs/protocols.md says which feature is where tested.
 */
import type { FastifyInstance } from 'fastify';
import { sendCompatibleProblem, useProtocolErrors } from '../../problems/error-handlers.js';
import { useJsonOfAnyType } from '../../plugins/json.js';
import { tfMetadataRoutes, type TfMetadataDeps } from './metadata-routes.js';
import { tfPredictRoutes, type TfPredictDeps } from './predict-routes.js';

export type TensorflowServingDeps = TfPredictDeps & TfMetadataDeps;

/** To be registered under /v1/models. */
export async function tensorflowServing(scope: FastifyInstance, deps: TensorflowServingDeps): Promise<void> {
  // Of what is no route one cannot tell whose client it is.
  useProtocolErrors(scope, sendCompatibleProblem);
  useJsonOfAnyType(scope);
  await scope.register(tfPredictRoutes, deps);
  await scope.register(tfMetadataRoutes, deps);
}
