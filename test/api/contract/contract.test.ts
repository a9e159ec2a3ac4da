/**
 * Every operation of the OpenAPI document, asked with what fits it and with what does not: it never fails, it answers with
 * a status that the document declares, and with a body that fits the schema of it.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc, { type Arbitrary } from 'fast-check';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { createBatchStore } from '../../../src/jobs/batches/batch-store.js';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import { writeCheckpoint } from '../../../src/model/files/checkpoint.js';
import { priceModelFile } from '../../model/small-table.js';
import { describedAs, parametersOf, smallEvaluation, smallModelFile } from '../../model/small-model.js';
import { openService, type TestService } from '../service.js';
import { fitting, mutated, type Schema } from './arbitrary.js';

/** Itself, or where it is. */
interface Example {
  $ref?: string;
  value?: unknown;
}

interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, Example>;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

interface Asked {
  parameters: [Parameter, string][];
  body: { type: string; payload: string | Buffer } | undefined;
}

const document = (await buildOpenApiDocument()) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; examples?: Record<string, Example> };
};

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const addFormatsTo = addFormats as unknown as typeof addFormats.default;

const ajv = new Ajv2020({ strict: false, allErrors: false });
addFormatsTo(ajv);
ajv.addSchema({ $id: 'document', components: document.components });
const validators = new Map<Schema, ValidateFunction>();

let service: TestService;
let waitingJob: string;
let endedJob: string;
let runningSweep: string;
let endedSweep: string;
let waitingBatch: string;
let endedBatch: string;
/** Not the last one, which cannot be revoked. */
let laterKey: string;
/** The newest version of the dataset `customers`. */
let customersVersion: number;

beforeAll(async () => {
  service = await openService();
  await service.modelServer.start();
  const houses = {
    model: 'houses',
    runId: 'job_5',
    step: 1,
    file: priceModelFile(),
    metrics: null,
    now: new Date(0),
  };
  await service.registry.publish(houses);
  await service.registry.publish({ ...houses, model: 'churn' });
  for (const seed of [1, 2, 3, 4])
    await service.publishDigits('mnist-mlp', seed, { evaluation: smallEvaluation });
});

beforeEach(async () => {
  // Whatever the operations before have made of it. Only the third version can be removed.
  const { registry, aliases, modelServer } = service;
  for (const model of ['mnist-mlp', 'houses']) await registry.setUnloaded(model, false);
  await aliases.set('mnist-mlp', 'production', 1);
  await aliases.set('mnist-mlp', 'canary', 2);
  await modelServer.refresh();
  // It takes in only so many.
  service.queue.clear();
  waitingJob = await newJob();
  endedJob = await newJob();
  await writeCheckpointOf(waitingJob);
  await service.http.post(`/v1/jobs/${endedJob}/cancel`);
  for (const name of ['first', 'later']) laterKey = await newKey(name);
  customersVersion = await newCustomers();
  runningSweep = await newSweep();
  endedSweep = await newSweep();
  await service.http.post(`/v1/sweeps/${endedSweep}/cancel`);
  waitingBatch = await newBatch();
  endedBatch = await newBatch();
  await createBatchStore(service.storage).writeResult(endedBatch, {
    status: 'succeeded',
    error: null,
    failed_rows: 0,
    size_bytes: 1,
    dataset_version: null,
  });
});

/** Operations remove versions; each one is of another content, or it would be the one before. */
let customers = 0;

async function newCustomers(): Promise<number> {
  const table = `area,city,garden\n${++customers},Oslo,yes\n41,Rome,no\n`;
  const { body } = await service.http.post('/v1/datasets?name=customers').type('text/csv').send(table);
  for (const id of service.uploads) await takeIn(service.storage, id, { mostIdxBytes: 2 ** 20 });
  return (body as { version: number }).version;
}

/** Of a network for pictures of digits, which the examples of requests are about. */
async function writeCheckpointOf(id: string): Promise<void> {
  const labels = Array.from({ length: 10 }, (_, digit) => String(digit));
  const description = describedAs({ inputs: 784, hidden: [], outputs: 10 }, labels);
  await writeCheckpoint(service.storage, service.store.checkpointsOf(id), {
    description,
    state: { step: 7, parameters: parametersOf(description.network, 7), optimizer: new Map() },
    metrics: [],
    position: { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 },
    term: 1,
    now: new Date(0),
  });
}

/** Without rows, so that its result is whole from the beginning. */
function newBatch(): Promise<string> {
  return createBatchStore(service.storage).create({
    format_version: 1,
    dataset: { name: 'visitors', version: 1, sha256: '' },
    model: { name: 'houses', version: 1, sha256: '' },
    probabilities: false,
    output: null,
    rows: 0,
    chunk_rows: 1,
    columns: [],
    prediction_columns: [],
    created_at: new Date(0).toISOString(),
  });
}

async function newSweep(): Promise<string> {
  const request = { parameters: { batch_size: { values: [32, 64] } }, parallel: 1 };
  const { body } = await service.http.post('/v1/sweeps').send(request);
  return (body as { id: string }).id;
}

async function newKey(name: string): Promise<string> {
  const { body } = await service.http.post('/v1/keys').send({ name, scopes: ['admin'] });
  return (body as { id: string }).id;
}

async function newJob(): Promise<string> {
  const { body } = await service.http.post('/v1/jobs');
  return (body as { id: string }).id;
}

afterAll(() => service.stop());

type Known = Partial<Record<string, () => string[]>>;

/** Things that are there, so that not every path leads to a 404; by the beginning of the path. */
const knownBelow: Record<string, Known> = {
  '/v1/datasets': {
    name: () => ['customers', 'mnist'],
    version: () => [String(customersVersion), '1'],
    rows: () => ['0'],
  },
  '/v1/batches': { id: () => [waitingBatch, endedBatch] },
  '/v1/sweeps': { id: () => [runningSweep, endedSweep] },
  '/v1/keys': { id: () => [laterKey] },
};

const known: Known = {
  id: () => [waitingJob, endedJob],
  name: () => ['mnist-mlp', 'houses'],
  version: () => ['1', '3', '9'],
  alias: () => ['production', 'latest', 'canary'],
  label: () => ['production', 'latest'],
  step: () => ['7', 'latest'],
};

describe.each(operations)('$method $path', ({ path, method, operation }) => {
  test('answers whatever is asked as the document says', async () => {
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsOf(operation, path), async ({ parameters, body }) => {
        const answer = await service.app.inject({
          method: method.toUpperCase() as InjectOptions['method'] & string,
          url: urlOf(path, parameters),
          headers: {
            ...Object.fromEntries(
              parameters
                .filter(([{ in: place }]) => place === 'header')
                .map(([{ name }, value]) => [name, value]),
            ),
            ...(body && { 'content-type': body.type }),
          },
          ...(body && { payload: body.payload }),
        });
        statuses.add(answer.statusCode);
        expect(answer.statusCode, answer.payload).toBeLessThan(500);
        const declared = operation.responses[String(answer.statusCode)];
        expect(declared, `status ${answer.statusCode}: ${answer.payload}`).toBeDefined();
        checkBody(declared.content, String(answer.headers['content-type'] ?? ''), answer.payload);
      }),
      { numRuns: 50, examples: plainRequestsOf(operation, path).map((plain): [Asked] => [plain]) },
    );
    // Its example is a row of a table with two columns, which no network here has: checkpoint-routes.test.ts asks with rows.
    if (path.endsWith('/checkpoints/{step}/predict')) return;
    expect(
      [...statuses].some((status) => status < 400),
      `there were ${[...statuses].join(', ')}`,
    ).toBe(true);
  });
});

function checkBody(
  content: Partial<Record<string, Media>> | undefined,
  contentType: string,
  text: string,
): void {
  const type = contentType.split(';', 1)[0] ?? '';
  if (content === undefined) {
    expect(text).toBe('');
    return;
  }
  const schema = isOfNoRoute(type, text) ? { $ref: '#/components/schemas/Problem' } : content[type]?.schema;
  if (!isOfNoRoute(type, text)) expect(Object.keys(content)).toContain(type);
  // A file is sent as it is, whatever it holds.
  if (schema === undefined || schema.format === 'binary' || !type.endsWith('json')) return;
  const validate = validators.get(schema) ?? ajv.compile(rebased(schema));
  validators.set(schema, validate);
  const body: unknown = JSON.parse(text);
  expect(validate(body), `${text}\n${JSON.stringify(validate.errors)}`).toBe(true);
}

/** A path may be such that it leads to no operation; whose client it is that asked cannot be told then. */
function isOfNoRoute(type: string, text: string): boolean {
  return (
    type === 'application/problem+json' &&
    /"(?:ROUTE_NOT_FOUND|The path is wrongly encoded or too long\.)"/.test(text)
  );
}

/** Its references lead into the document, wherever it stands. */
function rebased(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as Schema;
}

function resolve(ref: string): Schema {
  return document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {};
}

function valueOf({ $ref, value }: Example): unknown {
  return $ref === undefined ? value : document.components.examples?.[$ref.split('/').at(-1) ?? '']?.value;
}

/** The document cannot show one. It becomes a model of its own, so that the others stay what they are. */
const modelFile = { type: 'application/octet-stream', payload: smallModelFile(1) };

/** What is there is asked for, as the document shows it: that must work with one of them. */
function plainRequestsOf({ parameters = [], requestBody }: Operation, path: string): Asked[] {
  const isImport = requestBody !== undefined && path === '/v1/models/{name}/versions';
  const choices = parameters
    // An upload has its name in the query string, and samples are asked for by their numbers.
    .filter(
      ({ in: place, name, required = false }) =>
        place === 'path' || name === 'name' || name === 'rows' || required,
    )
    .map((parameter) =>
      (isImport ? ['imported'] : knownOf(parameter, path)).map((value): [Parameter, string] => [
        parameter,
        value,
      ]),
    );
  const body = requestBody && (isImport ? modelFile : shownBody(requestBody.content));
  return productOf(choices).map((chosen) => ({ parameters: chosen, body }));
}

function productOf<Choice>(choices: Choice[][]): Choice[][] {
  return choices.reduce<Choice[][]>(
    (product, each) => product.flatMap((chosen) => each.map((choice) => [...chosen, choice])),
    [[]],
  );
}

function shownBody(content: Record<string, Media>): Asked['body'] {
  const [type, media] = Object.entries(content)[0] ?? ['', {}];
  const [example] = examplesOf(media);
  if (example === undefined) return undefined;
  return { type, payload: typeof example === 'string' ? example : JSON.stringify(example) };
}

function examplesOf({ example, examples = {} }: Media): unknown[] {
  return [example, ...Object.values(examples).map(valueOf)].filter((each) => each !== undefined);
}

function requestsOf({ parameters = [], requestBody }: Operation, path: string): Arbitrary<Asked> {
  return fc.record({
    // Some go with one kind of body only, so that with many of them nothing would ever be answered.
    parameters: fc
      .boolean()
      .chain((isAll) =>
        fc
          .tuple(
            ...parameters
              .filter(({ in: place }) => isAll || place === 'path')
              .map((each) => parameterOf(each, path)),
          )
          .map((values) => values.filter((value) => value !== null)),
      ),
    body: requestBody
      ? bodiesOf(requestBody.content)
      : fc.option(fc.constant(noBody), { nil: undefined, freq: 8 }),
  });
}

/** Of operations that take none. */
const noBody = { type: 'application/json', payload: '{}' };

function parameterOf(parameter: Parameter, path: string): Arbitrary<[Parameter, string] | null> {
  const fits = fitting(parameter.schema, resolve).map(textOf);
  const present = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...knownOf(parameter, path)) },
    { weight: 2, arbitrary: fits },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  );
  const values = present.map((value): [Parameter, string] => [parameter, sendable(parameter, value)]);
  return parameter.in === 'path' ? values : fc.option(values, { nil: null });
}

function knownOf({ name, schema }: Parameter, path: string): string[] {
  const below = Object.entries(knownBelow).find(([start]) => path.startsWith(start))?.[1] ?? known;
  return below[name]?.() ?? [textOf(schema.enum?.[0] ?? schema.minimum ?? 'x')];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** An empty segment or one of dots would be another path, and a header is of visible ASCII. */
function sendable({ in: place }: Parameter, value: string): string {
  if (place === 'header') return value.replaceAll(/[^ -~]/g, '?');
  return place === 'path' && /^\.{0,2}$/.test(value) ? '-' : value;
}

function urlOf(path: string, parameters: [Parameter, string][]): string {
  let url = path;
  const query = new URLSearchParams();
  for (const [{ name, in: place }, value] of parameters) {
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value));
    if (place === 'query') query.append(name, value);
  }
  return query.size > 0 ? `${url}?${query.toString()}` : url;
}

function bodiesOf(content: Record<string, Media>): Arbitrary<Asked['body']> {
  const bodies = Object.entries(content).map(([type, media]) =>
    (type.endsWith('json') ? jsonBodies(media) : binaryBodies()).map((payload) => ({ type, payload })),
  );
  return fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...bodies) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constantFrom('text/plain', 'x/y', '?'), payload: fc.string() }),
    },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

function jsonBodies(media: Media): Arbitrary<string> {
  const shown = examplesOf(media);
  const fits = fitting(media.schema ?? {}, resolve);
  const good = shown.length > 0 ? fc.oneof(fc.constantFrom(...shown), fits) : fits;
  return fc.oneof(
    { weight: 4, arbitrary: good.map((value) => JSON.stringify(value)) },
    { weight: 6, arbitrary: mutated(good).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
  );
}

function binaryBodies(): Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength: 4_000 }).map((bytes) => Buffer.from(bytes));
}
