/**
 * TensorFlow Serving's REST API. The status of a model and of a version have the paths of this service's own documents,
 * which carry it: routes/models.ts. docs/protocols.md says which feature is where tested.
 */
import type { FastifyInstance } from 'fastify';
import { sendBoth, useErrorBodies } from '../../problems/error-body.js';
import { useJsonOfAnyType } from '../json-of-any-type.js';
import { tfMetadataRoutes, type TfMetadataDeps } from './metadata.js';
import { tfPredictRoutes, type TfPredictDeps } from './predict.js';

export type TensorflowServingDeps = TfPredictDeps & TfMetadataDeps;

/** To be registered under /v1/models. */
export async function tensorflowServing(scope: FastifyInstance, deps: TensorflowServingDeps): Promise<void> {
  // Of what is no route one cannot tell whose client it is.
  useErrorBodies(scope, sendBoth);
  useJsonOfAnyType(scope);
  await scope.register(tfPredictRoutes, deps);
  await scope.register(tfMetadataRoutes, deps);
}
