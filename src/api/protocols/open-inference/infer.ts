/** Inference: the protocol's way to predict. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { TrainyardError } from '../../../errors.js';
import type { ServedModel } from '../../../model/loaded-model.js';
import type { ModelServer } from '../../../model/model-server.js';
import { ask } from '../../predictions/ask.js';
import { predictionBodyLimit, predictionConfig } from '../../predictions/route.js';
import { answerWith } from './answer.js';
import { rawRequest, useBinaryBodies } from './binary-body.js';
import { inputName, readInput, readRawInput } from './input-tensor.js';
import { outputTensor, wantedOutputs } from './output-tensors.js';
import { InferRequest, InferResponse } from './infer-schemas.js';
import { choiceOf, paths } from './version-path.js';

export interface InferDeps {
  modelServer: Pick<ModelServer, 'use'>;
}

const InferHeaders = Type.Unsafe<object>(
  Type.Object({
    'Inference-Header-Content-Length': Type.Optional(
      Type.String({
        description:
          'Where the bytes of tensors follow the JSON: how many bytes the JSON has. 0: there is no JSON, and the body is ' +
          'the FP32 numbers of `input`.',
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
          summary: 'Classify samples',
          description:
            'Inference as the Open Inference Protocol has it, with its binary tensors. The example is a digit from MNIST’s ' +
            'test split.',
          params,
          headers: InferHeaders,
          body: InferRequest.ref,
          consumes: ['application/json', 'application/octet-stream'],
          response: {
            200: {
              description: 'The tensors that were asked for; as bytes those for which bytes were.',
              headers: { 'Inference-Header-Content-Length': { type: 'string' } },
              content: {
                'application/json': { schema: InferResponse.ref },
                'application/octet-stream': { schema: Bytes },
              },
            },
          },
        },
      },
      (request, reply) =>
        modelServer.use(choiceOf(request.params), (model) => infer(model, request.body, request, reply)),
    );
  }
  done();
};

async function infer(
  model: ServedModel,
  body: Static<typeof InferRequest.schema>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<string | Buffer> {
  const { manifest, network, labels } = model;
  const { id, model_name: named = manifest.model, parameters = {} } = body;
  if (named !== manifest.model) {
    const message = `model_name is ${JSON.stringify(named)}, and the path names ${manifest.model}.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  const wanted = wantedOutputs(body.outputs, parameters.binary_data_output ?? false);
  const bytes = request.tensorBytes ?? Buffer.alloc(0);
  const samples =
    body === rawRequest ? readRawInput(bytes, network.inputs) : readInput(body.inputs, bytes, network.inputs);
  const probabilities = await ask(
    model,
    { ...samples, field: inputName, timeoutMs: timeoutOf(parameters) },
    request,
    reply,
  );
  const tensors = wanted.map((output) => ({
    ...output,
    tensor: outputTensor(output, probabilities, labels),
  }));
  const head = {
    model_name: manifest.model,
    model_version: String(manifest.version),
    ...(id !== undefined && { id }),
  };
  return answerWith(reply, head, tensors);
}

/** None, and 0 as well: as long as any request. */
function timeoutOf({ timeout = 0 }: { timeout?: number | undefined }): number | undefined {
  return timeout === 0 ? undefined : timeout / 1000;
}
