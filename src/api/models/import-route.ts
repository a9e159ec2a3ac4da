/** POST /v1/models/{name}/versions: takes a network that was trained elsewhere, and publishes it as the next version of the model. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { ulid } from 'ulid';
import { importVersion } from '../../model/exchange/import/import-version.js';
import type { Aliases } from '../../model/registry/aliases.js';
import { modelNamePattern, whyNoModelName } from '../../model/registry/model-folder.js';
import type { Registry } from '../../model/registry/registry.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { TrainyardError } from '../../errors.js';
import { basePathOf } from '../plugins/base-path.js';
import { useImportBodies } from './import-body.js';
import { ImportDescription, ImportQuery, ModelFile, ModelForm, type SentModel } from './import-schemas.js';
import { ModelParams, ModelVersion } from './model-schemas.js';
import { versionView } from './version-view.js';

export const importComponents = [ImportDescription, ModelFile, ModelForm];

export interface ImportDeps {
  registry: Pick<Registry, 'publish' | 'manifest' | 'held'>;
  aliases: Pick<Aliases, 'names'>;
  modelServer: Pick<ModelServer, 'refresh'>;
}

/** Sixteen million parameters of float32. The file is held in memory. */
const mostBytes = 64 * 2 ** 20;

export const importRoute: FastifyPluginCallbackTypebox<ImportDeps> = (
  app,
  { registry, aliases, modelServer },
  done,
) => {
  useImportBodies(app);

  app.post(
    '/v1/models/:name/versions',
    {
      bodyLimit: mostBytes,
      config: {
        access: 'train',
        problems: ['MODEL_FILE_INVALID', 'OVERLOADED', 'STORAGE_FULL', 'STORAGE_UNAVAILABLE'],
      },
      schema: {
        operationId: 'importModelVersion',
        tags: ['models'],
        summary: 'Import a network that was trained elsewhere',
        description:
          'A multi-layer perceptron: a state dict that `torch.save` has written, safetensors or ONNX, with a description of what comes ' +
          'before and after the network. A safetensors or ONNX file of this service needs no description. The version is served, ' +
          'evaluated and compared as any other. See docs/exchange.md.',
        params: ModelParams,
        querystring: ImportQuery,
        body: {
          content: {
            'multipart/form-data': { schema: ModelForm.ref },
            'application/octet-stream': { schema: ModelFile.ref },
          },
        },
        response: {
          201: {
            description: 'The version is published.',
            headers: { Location: { type: 'string', description: 'The URL of the version.' } },
            content: { 'application/json': { schema: ModelVersion.ref } },
          },
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (!modelNamePattern.test(name)) throw new TrainyardError('INVALID_REQUEST', whyNoModelName(name));
      const sent = request.body as SentModel | Buffer | undefined;
      if (sent === undefined)
        throw new TrainyardError('INVALID_REQUEST', 'The body is missing: send the file.');
      const { file, description = {} } = Buffer.isBuffer(sent) ? { file: sent } : sent;
      const made = importVersion(file, description);
      const version = await registry.publish({
        model: name,
        runId: `import_${ulid()}`,
        step: 0,
        metrics: null,
        ...made,
        ...(request.query.hold === true && { held: { reasons: ['It was imported with hold=true.'] } }),
        now: new Date(),
      });
      await modelServer.refresh(name);
      request.log.info({ model: name, version, format: made.imported.format }, 'version imported');
      const manifest = await registry.manifest(name, version);
      return reply
        .code(201)
        .header('location', `${basePathOf(request, reply)}/v1/models/${name}/versions/${version}`)
        .send(versionView(manifest, await aliases.names(name), await registry.held(name)));
    },
  );

  done();
};
