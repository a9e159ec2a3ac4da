/** The signature of a model, and the status of the version that a label points to. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ModelServer } from '../../../model/serving/model-server.js';
import { findVersion, type VersionLookup } from '../../models/find-version.js';
import { TfModelMetadata, TfModelStatus, signatures } from './schemas.js';
import { choiceOf, labelPath, paths } from './version-path.js';
import { tensorflowStatuses } from '../../models/version-status.js';

export interface TfMetadataDeps extends VersionLookup {
  modelServer: Pick<ModelServer, 'statusOf'>;
}

export const tfMetadataRoutes: FastifyPluginCallbackTypebox<TfMetadataDeps> = (scope, deps, done) => {
  for (const { suffix, path, params } of paths) {
    scope.get(
      `${path}/metadata`,
      {
        config: {
          access: 'any',
          problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'ALIAS_NOT_FOUND', 'CHECKPOINT_CORRUPT'],
        },
        schema: {
          operationId: `getTfModelMetadata${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Get the signature of a model',
          description:
            'The names and shapes of its tensors, in the form of TensorFlow Serving’s model metadata.',
          params,
          response: { 200: TfModelMetadata.ref },
        },
      },
      async ({ params: asked }) => {
        const manifest = await findVersion(deps, asked.name, choiceOf(asked));
        return {
          model_spec: { name: asked.name, signature_name: '', version: String(manifest.version) },
          metadata: { signature_def: signatures(manifest) },
        };
      },
    );
  }

  scope.get(
    labelPath.path,
    {
      config: { access: 'any', problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'CHECKPOINT_CORRUPT'] },
      schema: {
        operationId: 'getTfModelStatusLabel',
        tags: ['tensorflow serving'],
        summary: 'Get the status of a labelled version',
        description: 'TensorFlow Serving’s model status, for the version that an alias points to.',
        params: labelPath.params,
        response: { 200: TfModelStatus.ref },
      },
    },
    async ({ params: { name, label } }) => {
      const { version } = await findVersion(deps, name, { alias: label });
      return { model_version_status: tensorflowStatuses(deps.modelServer, name, [version]) };
    },
  );

  done();
};
