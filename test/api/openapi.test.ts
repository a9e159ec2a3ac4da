import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOpenApiDocument } from '../../src/api/openapi.js';
import { statusOf } from '../../src/api/problem.js';
import type { Problem } from '../../src/api/schemas/problem.js';
import { errorCodes, type ErrorCode } from '../../src/errors.js';
import { startService } from './service.js';

interface Media {
  schema: { $ref?: string };
  example?: object;
  examples?: Record<string, { value: Problem }>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; description?: string; style?: string; explode?: boolean }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, { description: string; content: Record<string, Media> }>;
}

interface Document {
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { examples?: unknown }> };
}

let document: Document;
beforeAll(async () => {
  document = (await buildOpenApiDocument()) as Document;
});

function operation(method: string, path: string): Operation {
  return document.paths[path][method];
}

function exampleOf(media: Record<string, Media> | undefined): object {
  const example = media?.['application/json']?.example;
  if (example === undefined) throw new Error('There is no example');
  return example;
}

test('the committed document is the one that the app builds', async () => {
  const committed = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
  expect(committed, 'run npm run openapi').toBe(`${JSON.stringify(document, null, 2)}\n`);
});

test('the service serves that document, and Swagger UI on it', async () => {
  const { http } = await startService();
  const served = await http.get('/openapi.json').expect(200);
  expect(served.headers['content-type']).toMatch(/^application\/json/);
  expect(served.text).toBe(JSON.stringify(document));

  expect((await http.get('/')).headers.location).toBe('/docs');
  const page = await http.get('/docs').expect(200);
  expect(page.text).toContain('<title>Trainyard</title>');
  const assets = [...page.text.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(4);
  for (const path of assets) await http.get(path).expect(200);
  expect((await http.get('/docs/json')).body).toEqual(document);
});

test('it has every route of the API', () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(routes.toSorted()).toEqual([
    'delete /v1/jobs/{id}',
    'get /health/live',
    'get /health/ready',
    'get /v1/jobs',
    'get /v1/jobs/{id}',
    'get /v1/jobs/{id}/checkpoints',
    'get /v1/jobs/{id}/events',
    'get /v1/jobs/{id}/metrics',
    'get /v1/jobs/{id}/webhook-deliveries',
    'get /v1/models',
    'get /v1/models/{name}',
    'post /predict',
    'post /v1/jobs',
    'post /v1/jobs/{id}/cancel',
    'post /v1/jobs/{id}/pause',
    'post /v1/jobs/{id}/resume',
  ]);
});

describe('every route', () => {
  const operations = (): Operation[] => Object.values(document.paths).flatMap((path) => Object.values(path));

  test('says what it is for', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const { operationId, summary, description, tags: own, parameters = [] } of operations()) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(summary, operationId).toBeTruthy();
      expect(description, operationId).toBeTruthy();
      expect(tags, operationId).toEqual(expect.arrayContaining(own ?? ['none']));
      for (const parameter of parameters) expect(parameter.description, parameter.name).toBeTruthy();
    }
    expect(new Set(operations().map(({ operationId }) => operationId)).size).toBe(operations().length);
  });

  test('has an example of each body, of a named schema', () => {
    for (const { operationId, requestBody, responses } of operations()) {
      const bodies = [requestBody, ...Object.values(responses)].flatMap((body) =>
        Object.values(body?.content ?? {}),
      );
      expect(bodies.length, operationId).toBeGreaterThan(3);
      for (const media of bodies) {
        expect(media.example ?? media.examples, operationId).toBeTruthy();
        expect(media.schema.$ref).toMatch(/^#\/components\/schemas\/[A-Z]\w+$/);
      }
    }
  });

  test('shows its problems under their statuses', () => {
    for (const { operationId, requestBody, responses } of operations()) {
      const expected = requestBody ? ['400', '413', '415', '500', '503'] : ['400', '500', '503'];
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(expected));
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400) continue;
        for (const [code, { value }] of Object.entries(content['application/problem+json'].examples ?? {})) {
          expect(errorCodes).toHaveProperty(code);
          expect(value.code).toBe(code);
          expect(String(statusOf(code as ErrorCode))).toBe(status);
        }
      }
    }
  });
});

test('it says which settings each optimiser has, and their defaults', () => {
  const { properties } = document.components.schemas.JobRequest as {
    properties: { optimizer: { description: string; allOf: { then: { properties: object } }[] } };
  };
  const { description, allOf } = properties.optimizer;
  expect(description).toContain(
    '`sgd` (`torch.optim.SGD`): `learning_rate` 0.01, `momentum` 0, `nesterov` false, `weight_decay` 0',
  );
  expect(allOf.map(({ then }) => Object.keys(then.properties))).toEqual([
    ['type', 'learning_rate', 'beta1', 'beta2', 'epsilon', 'weight_decay'],
    ['type', 'learning_rate', 'beta1', 'beta2', 'epsilon', 'weight_decay'],
    ['type', 'learning_rate', 'momentum', 'nesterov', 'weight_decay'],
    ['type', 'learning_rate', 'alpha', 'epsilon', 'weight_decay'],
  ]);
});

test('it tells the kinds of events apart by their type', () => {
  const { oneOf, discriminator } = document.components.schemas.JobEvent as {
    oneOf: { $ref: string }[];
    discriminator: { propertyName: string; mapping: Record<string, string> };
  };
  expect(discriminator.propertyName).toBe('type');
  expect(Object.values(discriminator.mapping)).toEqual(oneOf.map(({ $ref }) => $ref));
  for (const [type, ref] of Object.entries(discriminator.mapping)) {
    const schema = document.components.schemas[ref.split('/').at(-1) ?? ''] as { properties: object };
    expect(schema.properties).toHaveProperty('type.enum', [type]);
  }
});

test('it says how notes are asked for, and which headers there are', () => {
  const parameterOf = (method: string, path: string, name: string) =>
    operation(method, path).parameters?.find((parameter) => parameter.name === name);
  expect(parameterOf('get', '/v1/jobs', 'metadata')).toMatchObject({
    in: 'query',
    style: 'deepObject',
    explode: true,
  });
  expect(parameterOf('post', '/v1/jobs', 'Idempotency-Key')).toMatchObject({ in: 'header' });
  expect(parameterOf('get', '/v1/jobs/{id}/events', 'Last-Event-ID')).toMatchObject({ in: 'header' });
});

test('what it shows of a job fits the route', () => {
  const shown = (path: string, status = '200') =>
    (exampleOf(operation('post', path).responses[status].content) as { status: string }).status;
  expect(shown('/v1/jobs', '202')).toBe('queued');
  expect(shown('/v1/jobs/{id}/cancel')).toBe('cancelled');
  expect(shown('/v1/jobs/{id}/pause')).toBe('paused');
  expect(shown('/v1/jobs/{id}/pause', '202')).toBe('running');
  expect(shown('/v1/jobs/{id}/resume')).toBe('queued');
});

test('it shows a body only where there is one to send', () => {
  for (const verb of ['cancel', 'pause', 'resume']) {
    expect(operation('post', `/v1/jobs/{id}/${verb}`)).not.toHaveProperty('requestBody');
  }
});

test('only a body that may be left out is optional', () => {
  expect(operation('post', '/v1/jobs').requestBody?.required).toBe(false);
  expect(operation('post', '/predict').requestBody?.required).toBe(true);
});

describe('what the document shows works as it stands', () => {
  test('POST /v1/jobs', async () => {
    const { http, queue } = await startService();
    const body = exampleOf(operation('post', '/v1/jobs').requestBody?.content);
    await http.post('/v1/jobs').send(body).expect(202);
    expect(queue.size).toBe(1);
  });

  test('POST /predict, once a model for MNIST has been published', async () => {
    const { http, publishDigits } = await startService();
    await publishDigits();
    const { requestBody, responses } = operation('post', '/predict');
    const answer = await http.post('/predict').send(exampleOf(requestBody?.content)).expect(200);
    const [shown, predicted] = [exampleOf(responses['200'].content), answer.body as object];
    expect(Object.keys(shown)).toEqual(Object.keys(predicted));
  });
});
