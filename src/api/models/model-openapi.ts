/** An OpenAPI document of one model: a prediction from it, with its own columns and a body that works. */
import { productVersion } from '../openapi/product-version.js';
import { securityOf, securitySchemes } from '../openapi/openapi-completion.js';
import { exampleDigit } from '../predictions/example-digit.js';
import { mostSamples } from '../predictions/prediction-schemas.js';
import type { Head } from '../../model/heads/head.js';
import type { VersionManifest } from '../../model/registry/registry.js';
import { dateText, exampleCell, type SignatureColumn } from '../../model/registry/table-signature.js';

type Schema = Record<string, unknown>;

/** How many values of a category, or labels, a schema lists. */
const mostListed = 100;

/** `url` is where the service is. */
export function openApiOf(manifest: VersionManifest, url: string): object {
  const { model, version, head, created_at } = manifest;
  return {
    openapi: '3.1.0',
    info: {
      title: model,
      version: String(version),
      description: `How to predict with ${model}. This document describes its version ${version}, published ${created_at}.`,
    },
    servers: [{ url, description: `Trainyard ${productVersion}.` }],
    security: [],
    paths: {
      '/predict': {
        post: {
          operationId: 'predict',
          summary: `Predict with ${model}`,
          security: securityOf('predict'),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: bodySchema(manifest), example: exampleBody(manifest) } },
          },
          responses: {
            200: {
              description: 'The predictions.',
              content: { 'application/json': { schema: answerSchema(head) } },
            },
            default: {
              description: 'Why there is no prediction.',
              content: { 'application/problem+json': { schema: problemSchema } },
            },
          },
        },
      },
    },
    components: { securitySchemes },
  };
}

function exampleBody(manifest: VersionManifest): object {
  return { model: manifest.model, inputs: [exampleSample(manifest)] };
}

function exampleSample({ network, table }: VersionManifest): unknown {
  if (table === undefined) {
    return network.inputs === exampleDigit.length ? exampleDigit : new Array<number>(network.inputs).fill(0);
  }
  return Object.fromEntries(table.columns.map((column) => [column.name, exampleCell(column)]));
}

function bodySchema({ model, network, table }: VersionManifest): Schema {
  const items = table === undefined ? numbersSchema(network.inputs) : rowSchema(table.columns);
  return {
    type: 'object',
    required: ['model', 'inputs'],
    properties: {
      model: { const: model },
      version: { type: 'integer', minimum: 1, description: 'By default, the latest.' },
      inputs: { type: 'array', minItems: 1, maxItems: mostSamples, items },
      probabilities: { type: 'boolean', default: true },
      top_k: { type: 'integer', minimum: 1 },
    },
  };
}

function numbersSchema(inputs: number): Schema {
  return { type: 'array', items: { type: 'number' }, minItems: inputs, maxItems: inputs };
}

/** Names are own properties, whatever they are. */
function rowSchema(columns: readonly SignatureColumn[]): Schema {
  return {
    type: 'object',
    description: 'null, or a cell that is left out, has no value.',
    required: columns.map(({ name }) => name),
    properties: Object.fromEntries(columns.map((column) => [column.name, cellSchema(column)])),
  };
}

function cellSchema({ format, seen }: SignatureColumn): Schema {
  const description = describeSeen({ format, seen });
  if (seen.kind === 'levels') {
    return {
      type: ['string', 'number', 'boolean', 'null'],
      examples: seen.levels.slice(0, mostListed),
      description,
    };
  }
  const types = { number: ['number', 'string', 'null'], boolean: ['boolean', 'string', 'null'] };
  const type =
    format.type === 'number' || format.type === 'boolean' ? types[format.type] : ['string', 'null'];
  return { type, description };
}

function describeSeen({ format, seen }: Pick<SignatureColumn, 'format' | 'seen'>): string {
  if (seen.kind === 'levels') {
    return `A ${format.type}. The training rows had ${seen.distinct} different values; others are legal.`;
  }
  const { min, max } = seen;
  if (format.type === 'boolean')
    return `${format.true.join(', ')}, or ${format.false.join(', ')}; or JSON’s true or false.`;
  if (min === null || max === null) return `A ${format.type}.`;
  const [from, to] = format.type === 'datetime' ? [dateText(min), dateText(max)] : [min, max];
  return `A ${format.type}. The training rows had ${from} to ${to}.`;
}

const problemSchema: Schema = {
  type: 'object',
  required: ['status', 'code', 'detail'],
  properties: {
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable, for programs.' },
    detail: { type: 'string' },
    pointer: { type: 'string', description: 'A JSON pointer to what is wrong in the body.' },
  },
};

function answerSchema(head: Head): Schema {
  const prediction = head.kind === 'classes' ? classSchema(head.labels) : valuesSchema(head.names);
  return {
    type: 'object',
    required: ['model', 'version', 'predictions'],
    properties: {
      model: { type: 'string' },
      version: { type: 'integer' },
      predictions: { type: 'array', items: { type: 'object', ...prediction } },
      warnings: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            code: { type: 'string' },
            column: { type: 'string' },
            count: { type: 'integer' },
            message: { type: 'string' },
          },
        },
      },
    },
  };
}

function classSchema(labels: readonly string[]): Schema {
  const label = labels.length <= mostListed ? { type: 'string', enum: labels } : { type: 'string' };
  return {
    required: ['label', 'index', 'confidence'],
    properties: {
      label,
      index: { type: 'integer' },
      confidence: { type: 'number' },
      probabilities: { type: 'array', items: { type: 'number' }, description: 'By class index.' },
    },
  };
}

function valuesSchema(names: readonly string[]): Schema {
  if (names.length === 1) return { required: ['value'], properties: { value: { type: 'number' } } };
  const properties = Object.fromEntries(names.map((name) => [name, { type: 'number' }]));
  return { required: ['values'], properties: { values: { type: 'object', required: names, properties } } };
}
