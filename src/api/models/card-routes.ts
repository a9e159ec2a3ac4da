/** The card of a version, as JSON or as Markdown. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { ModelCard as Card, ModelCards } from '../../jobs/views/model-card.js';
import { component } from '../../lib/named-schema.js';
import { basePathOf } from '../plugins/base-path.js';
import { cardMarkdown } from './card-markdown.js';
import { refuseImpossibleName } from './find-version.js';
import { VersionParams } from './model-schemas.js';

const ModelCard = component(
  'ModelCard',
  Type.Unsafe<Card>({
    type: 'object',
    additionalProperties: true,
    required: ['object', 'model', 'version', 'task', 'data', 'recipe', 'figures', 'limits', 'reproduce'],
    properties: {
      object: { type: 'string', enum: ['model_card'] },
      model: { type: 'string' },
      version: { type: 'integer' },
      task: { type: 'string', enum: ['classification', 'regression'] },
      data: {
        type: ['object', 'null'],
        additionalProperties: true,
        description: 'The dataset, its SHA-256 and how it was divided; null: it was not trained here.',
      },
      recipe: {
        type: 'array',
        items: {
          type: 'object',
          required: ['field', 'reason'],
          properties: { field: { type: 'string' }, value: {}, reason: { type: ['string', 'null'] } },
        },
        description: 'What training was told, with the reason where the preset chose it.',
      },
      figures: {
        type: 'array',
        items: { type: 'object', additionalProperties: true },
        description: 'By split: each figure with its 95 % interval and those of the baselines.',
      },
      limits: {
        type: 'array',
        items: { type: 'string' },
        description: 'What the version should not be used for, as sentences.',
      },
      reproduce: {
        type: ['object', 'null'],
        additionalProperties: true,
        description: 'The body for `POST /v1/jobs` that trains it again; null: it cannot be.',
      },
    },
    description: 'What a version learned from and how, how good it is, and what it should not be used for.',
    examples: [
      {
        object: 'model_card',
        model: 'mnist-mlp',
        version: 1,
        task: 'classification',
        data: { dataset: 'mnist', version: 1, sha256: null, split: { validation: 0 }, rows: null },
        recipe: [{ field: 'epochs', value: 5, reason: null }],
        figures: [],
        limits: ['It was not evaluated: how good it is, is not known.'],
        reproduce: { reproduce: { model: 'mnist-mlp', version: 1 } },
      },
    ],
  }),
);

export const cardComponents = [ModelCard];

export interface CardDeps {
  cards: ModelCards;
}

const CardQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(['json', 'markdown'], {
        type: 'string',
        description: 'By default as `Accept` says: Markdown where it names `text/markdown`, else JSON.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const cardRoutes: FastifyPluginCallbackTypebox<CardDeps> = (app, { cards }, done) => {
  app.get(
    '/v1/models/:name/versions/:version/card',
    {
      config: {
        access: 'any',
        problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CHECKPOINT_CORRUPT', 'RUN_CORRUPT'],
      },
      schema: {
        operationId: 'getModelCard',
        tags: ['models'],
        summary: 'Get the card of a version',
        description:
          'What it learned from and how, its figures beside baselines, what it should not be used for, and the request that ' +
          'trains it again. As JSON, or as Markdown.',
        params: VersionParams,
        querystring: CardQuery,
        response: {
          200: {
            description: 'The card.',
            headers: { Vary: { type: 'string' } },
            content: {
              'application/json': { schema: ModelCard.ref },
              'text/markdown': { schema: { type: 'string' } },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { name, version } = request.params;
      refuseImpossibleName(name);
      const card = await cards.read(name, Number(version));
      reply.header('vary', 'accept, origin');
      const { format = /\btext\/markdown\b/.test(request.headers.accept ?? '') ? 'markdown' : 'json' } =
        request.query;
      if (format === 'json') return card;
      const url = `${request.protocol}://${request.host}${basePathOf(request, reply)}`;
      return reply.type('text/markdown; charset=utf-8').send(cardMarkdown(card, url));
    },
  );
  done();
};
