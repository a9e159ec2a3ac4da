/** POST /v1/datasets/generate: makes points in a known shape, and takes them in like an upload. */
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { shapeColumns, shapeCsv, shapes, shapeTarget } from '../../data/generated/shapes.js';
import { component } from '../../lib/named-schema.js';
import { storedNamePattern } from '../../lib/stored-name.js';
import { UploadHeaders } from './upload-schemas.js';
import { requireName, takenAnswers, takenResponses } from './taken-version.js';
import type { UploadDeps } from './upload-route.js';

const defaults = { rows: 500, noise: 0.1, seed: 0 };

export const GenerateRequest = component(
  'GenerateRequest',
  Type.Object(
    {
      shape: Type.Enum([...shapes], {
        type: 'string',
        description: 'How the classes lie: `blobs` has three, the others have two.',
      }),
      name: Type.Optional(
        Type.String({
          pattern: storedNamePattern.source,
          description: 'The name of the dataset; by default that of the shape.',
        }),
      ),
      rows: Type.Optional(Type.Integer({ minimum: 10, maximum: 100_000, default: defaults.rows })),
      noise: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 2,
          default: defaults.noise,
          description: 'The standard deviation of what is added to each coordinate.',
        }),
      ),
      seed: Type.Optional(
        Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: defaults.seed }),
      ),
    },
    {
      additionalProperties: false,
      description: 'Points of the plane to watch a network learn on.',
      examples: [{ shape: 'moons', rows: 1_000, noise: 0.1, seed: 0 }],
    },
  ),
);

export const generateRoute: FastifyPluginCallbackTypebox<UploadDeps> = (app, deps, done) => {
  const answerTaken = takenAnswers(app, deps);

  app.post(
    '/v1/datasets/generate',
    {
      schema: {
        operationId: 'generateDataset',
        tags: ['datasets'],
        summary: 'Make a dataset of points in a known shape',
        description:
          `The columns \`${shapeColumns.join('`, `')}\`; \`${shapeTarget}\` is what to learn. It is taken in like a file that is ` +
          'uploaded: follow it at the `Location`, or wait for it with `Prefer: wait=30`. The same request makes the same ' +
          'version.',
        headers: UploadHeaders,
        body: GenerateRequest.ref,
        response: takenResponses,
      },
      config: {
        access: 'train',
        problems: ['DATASET_TOO_LARGE', 'DATASET_NAME_TAKEN', 'STORAGE_FULL', 'STORAGE_UNAVAILABLE'],
      },
    },
    async (request, reply) => {
      const { shape, name: wanted = shape, ...more } = request.body;
      const name = requireName(wanted);
      const upload = deps.uploads.begin();
      try {
        await upload.store('file', Readable.from(shapeCsv({ shape, ...defaults, ...more })));
      } catch (error) {
        await upload.discard();
        throw error;
      }
      const options = { format: 'csv', delimiter: ',', encoding: 'utf-8', header: true } as const;
      const taken = { name, ...(await upload.finish({ name, options, target: [shapeTarget] })) };
      request.log.info({ dataset: name, version: taken.version, new: taken.isNew }, 'dataset generated');
      return answerTaken(request, reply, taken);
    },
  );

  done();
};
