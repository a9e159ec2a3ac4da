/** Inference, the protocol's form of a prediction. */
import Type, { type Static } from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../../errors.js';
import { blankPictures } from '../../../model/serving/blank-pictures.js';
import type { ServedModel } from '../../../model/serving/loaded-model.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import type { TableInputs } from '../../../model/serving/table-inputs.js';
import type { VersionManifest } from '../../../model/registry/registry.js';
import { runPrediction, predictionBodyLimit, predictionConfig } from '../../predictions/run-prediction.js';
import { encodeAnswer, rawRequest, useBinaryBodies } from './binary-tensors.js';
import { inputName, readInput, readRawInput } from './array-input.js';
import { readColumns } from './column-inputs.js';
import { outputTensor, refuseOtherTensor, wantedOutputs } from './output-tensors.js';
import { InferRequest, InferResponse } from './infer-schemas.js';
import { choiceOf, paths, type ModelVersionPath } from './version-path.js';

export const inferComponents = [InferRequest, InferResponse];

export interface InferDeps {
  modelServer: Pick<ModelServer, 'use'>;
}

type InferBody = Static<typeof InferRequest.schema>;

const InferHeaders = Type.Unsafe<object>(
  Type.Object({
    'Inference-Header-Content-Length': Type.Optional(
      Type.String({
        description:
          'Required when the bytes of tensors follow the JSON: the number of bytes of the JSON. 0 means that ' +
          'there is no JSON and the body is the FP32 numbers of `input`.',
      }),
    ),
  }),
);

const Bytes = Type.Unsafe<string | Buffer>({ type: 'string', format: 'binary' });

export const inferRoutes: FastifyPluginCallbackTypebox<InferDeps> = (scope, { modelServer }, done) => {
  useBinaryBodies(scope);
  for (const { suffix, path, params } of paths) {
    scope.post(
      `${path}/infer`,
      {
        bodyLimit: predictionBodyLimit,
        config: predictionConfig,
        schema: {
          operationId: `inferWithModel${suffix}`,
          tags: ['open inference protocol'],
          summary: 'Get the outputs for samples',
          description:
            'Inference in the Open Inference Protocol, with its binary tensors. The example shows a digit from ' +
            'MNIST’s test split.',
          params,
          headers: InferHeaders,
          body: InferRequest.ref,
          consumes: ['application/json', 'application/octet-stream'],
          response: {
            200: {
              description: 'The requested tensors, as bytes or as JSON, as requested.',
              headers: { 'Inference-Header-Content-Length': { type: 'string' } },
              content: {
                'application/json': { schema: InferResponse.ref },
                'application/octet-stream': { schema: Bytes },
              },
            },
          },
        },
      },
      (request, reply) => {
        const { name, version = versionOf(request.body) } = request.params as ModelVersionPath;
        const choice = choiceOf({ name, version });
        return modelServer.use(choice, (model) => {
          refuseOtherModels(request.body, model.manifest, version);
          return infer(model, request.body, request, reply);
        });
      },
    );
  }
  done();
};

async function infer(
  model: ServedModel,
  body: InferBody,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<string | Buffer> {
  const { manifest, head } = model;
  const { id, parameters = {} } = body;
  const wanted = wantedOutputs(head, body.outputs, parameters.binary_data_output ?? false);
  const { warnings, ...samples } = samplesOf(model, body, request.tensorBytes ?? Buffer.alloc(0));
  const results = await runPrediction(
    model,
    { ...samples, timeoutMs: timeoutOf(parameters) },
    request,
    reply,
  );
  const tensors = wanted.map((output) => {
    const tensor = outputTensor(output, results, head);
    refuseOtherTensor(output, tensor);
    return { ...output, tensor };
  });
  const answer = {
    model_name: manifest.model,
    model_version: String(manifest.version),
    ...(id !== undefined && { id }),
    // The protocol has text, numbers and booleans as parameters.
    ...(warnings.length > 0 && { parameters: { warnings: JSON.stringify(warnings) } }),
  };
  return encodeAnswer(reply, answer, tensors);
}

/** @throws TrainyardError INVALID_REQUEST */
function samplesOf(model: ServedModel, body: InferBody, bytes: Buffer): TableInputs & { field: string } {
  const { network, preprocessing } = model;
  if (preprocessing === null) {
    const read =
      body === rawRequest
        ? readRawInput(bytes, network.inputs)
        : readInput(body.inputs, bytes, network.inputs);
    const samples = { ...read, field: inputName };
    return { ...samples, warnings: blankPictures(model, samples) };
  }
  if (body !== rawRequest) {
    return { ...readColumns(preprocessing, body.inputs, bytes), field: 'inputs' };
  }
  throw new TrainyardError(
    'INVALID_REQUEST',
    'A body of bytes alone is only for models with one input. This model takes columns: describe them in JSON.',
  );
}

/** The version that the body names. An empty one counts as none, because JSON made from Protocol Buffers has it. */
function versionOf({ model_version: version = '' }: InferBody): string | undefined {
  return version === '' ? undefined : version;
}

/** `version` comes from the path or, if that names none, from the body. @throws TrainyardError INVALID_REQUEST */
function refuseOtherModels(body: InferBody, manifest: VersionManifest, version: string | undefined): void {
  const { model_name: named = '' } = body;
  if (named !== '' && named !== manifest.model) {
    const message = `model_name is ${JSON.stringify(named)}, but the path names ${manifest.model}.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  const asked = versionOf(body);
  if (asked === undefined || asked === version || asked === String(manifest.version)) return;
  const message = `model_version is ${JSON.stringify(asked)}, but the path names ${version}.`;
  throw new TrainyardError('INVALID_REQUEST', message);
}

/** Left out or 0, the default of all requests applies. */
function timeoutOf({ timeout = 0 }: { timeout?: number | undefined }): number | undefined {
  return timeout === 0 ? undefined : timeout / 1000;
}
