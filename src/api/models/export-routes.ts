/** Sends versions in the formats of other programs: one route for each of them. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { exportFormats, type ExportFormat } from '../../model/exchange/export-formats.js';
import { portableModel } from '../../model/exchange/portable-model.js';
import type { Registry } from '../../model/registry/registry.js';
import { refuseImpossibleName } from './find-version.js';
import { VersionParams } from './model-schemas.js';
import { fileResponses, sendFile } from './send-file.js';

export interface ExportDeps {
  registry: Pick<Registry, 'load'>;
}

export const exportRoutes: FastifyPluginCallbackTypebox<ExportDeps> = (app, { registry }, done) => {
  for (const format of exportFormats) {
    app.get(
      `/v1/models/:name/versions/:version/${format.file}`,
      {
        config: {
          access: 'train',
          problems: [
            'MODEL_NOT_FOUND',
            'VERSION_NOT_FOUND',
            'RANGE_NOT_SATISFIABLE',
            'CHECKPOINT_CORRUPT',
            ...(format.problems ?? []),
          ],
        },
        schema: {
          operationId: operationId(format),
          tags: ['models'],
          summary: format.summary,
          description: format.description,
          params: VersionParams,
          response: fileResponses({}, format.mediaType),
        },
      },
      async ({ params: { name, version } }, reply) => {
        refuseImpossibleName(name);
        const loaded = await registry.load(name, Number(version));
        const named = { name, version: loaded.manifest.version };
        const file = await format.encode(portableModel(named, loaded));
        return sendFile(reply, {
          size_bytes: file.length,
          sha256: createHash('sha256').update(file).digest('hex'),
          filename: `${name}-v${named.version}.${format.name}`,
          type: format.mediaType,
          open: (range) =>
            Promise.resolve(Readable.from([range ? file.subarray(range.start, range.end + 1) : file])),
        });
      },
    );
  }
  done();
};

/** `model.pth` → `exportModelVersionAsPth` */
function operationId({ name }: ExportFormat): string {
  const words = name.split(/\W+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `exportModelVersionAs${words.join('')}`;
}
