import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import { statusOf } from '../../../src/api/problems/problem.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import { errorCodes, type ErrorCode } from '../../../src/errors.js';
import { priceModelFile } from '../../model/small-table.js';
import { startService } from '../service.js';

interface Media {
  schema: { $ref?: string; type?: string };
  example?: object;
  examples?: Record<string, { value: Problem }>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; style?: string; explode?: boolean }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Response>;
}

interface Response {
  description: string;
  content: Record<string, Media>;
  $ref?: string;
}

interface Document {
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, { examples?: unknown }>;
    responses: Record<string, Response>;
    securitySchemes: Record<string, object>;
    examples: Record<string, { value: object }>;
  };
}

let document: Document;
beforeAll(async () => {
  document = (await buildOpenApiDocument()) as Document;
});

function operation(method: string, path: string): Operation {
  return document.paths[path][method];
}

/** The first one; what several operations show is written once. */
function exampleIn({ example, examples = {} }: Media): unknown {
  const [shared = ''] = Object.keys(examples);
  return example ?? document.components.examples[shared].value;
}

function exampleOf(media: Record<string, Media> | undefined): object {
  const json = media?.['application/json'];
  if (json === undefined) throw new Error('There is no example');
  return exampleIn(json) as object;
}

test('the committed document is the one that the app builds', async () => {
  const committed = await readFile(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8');
  expect(committed, 'run npm run openapi').toBe(`${JSON.stringify(document, null, 2)}\n`);
});

test('the service serves that document, and Swagger UI on it', async () => {
  const { http } = await startService();
  const served = await http.get('/openapi.json').expect(200);
  expect(served.headers['content-type']).toMatch(/^application\/json/);
  expect(served.text).toBe(JSON.stringify(document));

  expect((await http.get('/').expect(200)).headers['content-type']).toMatch(/^text\/html/);
  const page = await http.get('/docs').expect(200);
  expect(page.text).toContain('<title>Trainyard</title>');
  const assets = [...page.text.matchAll(/(?:src|href)="\.(\/docs\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(4);
  for (const path of assets) await http.get(path).expect(200);
  const servers = [{ url: '..', description: 'This service.' }];
  expect((await http.get('/docs/json')).body).toEqual({ ...document, servers });
});

test('it has every route of the API', () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(routes.toSorted()).toEqual([
    'delete /v1/batches/{id}',
    'delete /v1/datasets/{name}',
    'delete /v1/datasets/{name}/versions/{version}',
    'delete /v1/jobs/{id}',
    'delete /v1/keys/{id}',
    'delete /v1/models/{name}/aliases/{alias}',
    'delete /v1/models/{name}/versions/{version}',
    'delete /v1/sweeps/{id}',
    'get /health/live',
    'get /health/ready',
    'get /metrics',
    'get /v1/batches',
    'get /v1/batches/{id}',
    'get /v1/batches/{id}/result',
    'get /v1/datasets',
    'get /v1/datasets/{name}',
    'get /v1/datasets/{name}/profile',
    'get /v1/datasets/{name}/rows',
    'get /v1/datasets/{name}/versions',
    'get /v1/datasets/{name}/versions/{version}',
    'get /v1/datasets/{name}/versions/{version}/profile',
    'get /v1/datasets/{name}/versions/{version}/rows',
    'get /v1/datasets/{name}/versions/{version}/samples',
    'get /v1/jobs',
    'get /v1/jobs/{id}',
    'get /v1/jobs/{id}/checkpoints',
    'get /v1/jobs/{id}/checkpoints/{step}/model.safetensors',
    'get /v1/jobs/{id}/events',
    'get /v1/jobs/{id}/metrics',
    'get /v1/jobs/{id}/outcomes',
    'get /v1/jobs/{id}/split',
    'get /v1/jobs/{id}/webhook-deliveries',
    'get /v1/keys',
    'get /v1/keys/current',
    'get /v1/models',
    'get /v1/models/{name}',
    'get /v1/models/{name}/labels/{label}',
    'get /v1/models/{name}/labels/{label}/metadata',
    'get /v1/models/{name}/metadata',
    'get /v1/models/{name}/openapi.json',
    'get /v1/models/{name}/versions',
    'get /v1/models/{name}/versions/{version}',
    'get /v1/models/{name}/versions/{version}/card',
    'get /v1/models/{name}/versions/{version}/evaluation',
    'get /v1/models/{name}/versions/{version}/metadata',
    'get /v1/models/{name}/versions/{version}/model.html',
    'get /v1/models/{name}/versions/{version}/model.mjs',
    'get /v1/models/{name}/versions/{version}/model.onnx',
    'get /v1/models/{name}/versions/{version}/model.pth',
    'get /v1/models/{name}/versions/{version}/model.py',
    'get /v1/models/{name}/versions/{version}/model.safetensors',
    'get /v1/models/{name}/versions/{version}/tfjs.zip',
    'get /v1/models/{name}/versions/{version}/tfjs/model.json',
    'get /v1/models/{name}/versions/{version}/tfjs/weights.bin',
    'get /v1/sweeps',
    'get /v1/sweeps/{id}',
    'get /v1/sweeps/{id}/importance',
    'get /v1/sweeps/{id}/trials',
    'get /v1/system',
    'get /v2',
    'get /v2/health/live',
    'get /v2/health/ready',
    'get /v2/models/stats',
    'get /v2/models/{name}',
    'get /v2/models/{name}/config',
    'get /v2/models/{name}/ready',
    'get /v2/models/{name}/stats',
    'get /v2/models/{name}/versions/{version}',
    'get /v2/models/{name}/versions/{version}/config',
    'get /v2/models/{name}/versions/{version}/ready',
    'get /v2/models/{name}/versions/{version}/stats',
    'patch /v1/sweeps/{id}',
    'post /predict',
    'post /v1/batches',
    'post /v1/batches/{id}/cancel',
    'post /v1/datasets',
    'post /v1/datasets/generate',
    'post /v1/jobs',
    'post /v1/jobs/plan',
    'post /v1/jobs/{id}/cancel',
    'post /v1/jobs/{id}/checkpoints/{step}/predict',
    'post /v1/jobs/{id}/pause',
    'post /v1/jobs/{id}/resume',
    'post /v1/keys',
    'post /v1/models/{name}/batch',
    'post /v1/models/{name}/evaluate',
    'post /v1/models/{name}/labels/{label}:classify',
    'post /v1/models/{name}/labels/{label}:predict',
    'post /v1/models/{name}/labels/{label}:regress',
    'post /v1/models/{name}/rollback',
    'post /v1/models/{name}/versions',
    'post /v1/models/{name}/versions/{version}/batch',
    'post /v1/models/{name}/versions/{version}:classify',
    'post /v1/models/{name}/versions/{version}:predict',
    'post /v1/models/{name}/versions/{version}:regress',
    'post /v1/models/{name}:classify',
    'post /v1/models/{name}:predict',
    'post /v1/models/{name}:regress',
    'post /v1/sweeps',
    'post /v1/sweeps/{id}/cancel',
    'post /v1/sweeps/{id}/pause',
    'post /v1/sweeps/{id}/resume',
    'post /v2/models/{name}/infer',
    'post /v2/models/{name}/versions/{version}/infer',
    'post /v2/repository/index',
    'post /v2/repository/models/{name}/load',
    'post /v2/repository/models/{name}/unload',
    'put /v1/models/{name}/aliases/{alias}',
  ]);
});

describe('every route', () => {
  const operations = (): Operation[] =>
    Object.values(document.paths)
      .flatMap((path) => Object.values(path))
      .map((one) => ({ ...one, responses: resolved(one.responses) }));

  function resolved(responses: Operation['responses']): Operation['responses'] {
    const { responses: shared } = document.components;
    return Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        response.$ref === undefined ? response : shared[response.$ref.replace('#/components/responses/', '')],
      ]),
    );
  }

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
        // Files and texts are not shown.
        Object.entries(body?.content ?? {}).flatMap(([type, media]) =>
          type === 'application/octet-stream' || media.schema.type === 'string' ? [] : [media],
        ),
      );
      expect(bodies.length, operationId).toBeGreaterThan(3);
      for (const media of bodies) {
        expect(media.example ?? media.examples, operationId).toBeTruthy();
        expect(media.schema.$ref).toMatch(/^#\/components\/schemas\/[A-Z]\w+$/);
      }
    }
  });

  test('shows its problems under their statuses', () => {
    // A name that is not there: in the path 404, in a body 422.
    const inPath: Partial<Record<string, number>> = {
      DATASET_NOT_FOUND: 404,
      DATASET_VERSION_NOT_FOUND: 404,
    };
    for (const { operationId, requestBody, responses } of operations()) {
      const expected = requestBody ? ['400', '413', '415', '500', '503'] : ['400', '500', '503'];
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(expected));
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400) continue;
        // The standard protocols have the code in a header.
        const isProblem = 'application/problem+json' in content;
        const { examples = {} } = content[isProblem ? 'application/problem+json' : 'application/json'];
        for (const [code, { value }] of Object.entries(examples)) {
          expect(errorCodes).toHaveProperty(code);
          if (isProblem) expect(value.code).toBe(code);
          else expect(value).toEqual({ error: expect.any(String) as string });
          const own = operationId?.includes('Dataset') ? inPath[code] : undefined;
          expect(String(own ?? statusOf(code as ErrorCode))).toBe(status);
        }
      }
    }
  });
});

describe('keys', () => {
  test('each operation says which scope it takes, in either header', () => {
    expect(operation('post', '/predict').security).toEqual([
      { bearer: ['predict'] },
      { 'x-api-key': ['predict'] },
    ]);
    expect(operation('post', '/v1/jobs').security).toEqual([
      { bearer: ['train'] },
      { 'x-api-key': ['train'] },
    ]);
    expect(operation('get', '/v1/models').security).toEqual([{ bearer: [] }, { 'x-api-key': [] }]);
    expect(operation('get', '/health/live').security).toEqual([]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'x-api-key']);
  });

  test('whatever takes a key shows the refusals of keys, and nothing else does', () => {
    for (const { operationId, security, responses } of Object.values(document.paths).flatMap((path) =>
      Object.values(path),
    )) {
      const shown = ['401', '403', '429'].filter((status) => status in responses);
      expect(shown, operationId).toEqual(security.length > 0 ? ['401', '403', '429'] : []);
    }
    const tooMany = operation('post', '/v1/jobs').responses['429'].content['application/problem+json'];
    expect(Object.keys(tooMany.examples ?? {})).toEqual(['OVERLOADED', 'QUEUE_FULL', 'RATE_LIMITED']);
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
  const ofAll = ['schedule', 'clip_norm', 'ema'];
  expect(allOf.map(({ then }) => Object.keys(then.properties))).toEqual([
    ['type', 'learning_rate', 'beta1', 'beta2', 'epsilon', 'weight_decay', ...ofAll],
    ['type', 'learning_rate', 'beta1', 'beta2', 'epsilon', 'weight_decay', ...ofAll],
    ['type', 'learning_rate', 'momentum', 'nesterov', 'weight_decay', ...ofAll],
    ['type', 'learning_rate', 'alpha', 'epsilon', 'weight_decay', ...ofAll],
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

test('it says that images are files, so that Swagger UI lets one choose them', () => {
  const { PredictionForm, PngImage } = document.components.schemas as Record<string, object>;
  const file = { type: 'string', format: 'binary' };
  expect(PredictionForm).toMatchObject({ properties: { image: { type: 'array', items: file } } });
  expect(PngImage).toMatchObject({ contentMediaType: 'image/png' });
});

test('it shows a body only where there is one to send', () => {
  for (const verb of ['cancel', 'pause', 'resume']) {
    expect(operation('post', `/v1/jobs/{id}/${verb}`)).not.toHaveProperty('requestBody');
  }
});

test('only a body that may be left out is optional', () => {
  expect(operation('post', '/v1/jobs').requestBody?.required).toBe(false);
  expect(operation('post', '/predict').requestBody?.required).toBe(true);
  expect(operation('post', '/v1/datasets').requestBody?.required).toBe(true);
});

describe('what the document shows works as it stands', () => {
  test('POST /v1/jobs', async () => {
    const { http, queue } = await startService();
    const body = exampleOf(operation('post', '/v1/jobs').requestBody?.content);
    await http.post('/v1/jobs').send(body).expect(202);
    expect(queue.size).toBe(1);
  });

  test('POST /v1/datasets, as a file and as a form', async () => {
    const { http, url } = await startService();
    const content = operation('post', '/v1/datasets').requestBody?.content ?? {};
    const file = document.components.examples.DatasetFile.value as unknown as string;
    for (const type of Object.keys(content).filter((each) => each !== 'multipart/form-data')) {
      await http.post('/v1/datasets?name=churn').type(type).send(file).expect(202);
    }
    const form = new FormData();
    const { file: attached, ...fields } = content['multipart/form-data'].example as Record<string, string>;
    for (const [name, text] of Object.entries(fields)) form.set(name, text);
    form.set('file', new Blob([attached]), 'churn.csv');
    const answer = await fetch(`${url}/v1/datasets`, { method: 'POST', body: form });
    expect([answer.status, await answer.json()]).toMatchObject([202, { name: 'churn', version: 2 }]);
  });

  test('POST /predict, once a model for MNIST has been published', async () => {
    const { http, publishDigits } = await startService();
    await publishDigits();
    const { requestBody, responses } = operation('post', '/predict');
    const answer = await http.post('/predict').send(exampleOf(requestBody?.content)).expect(200);
    const [shown, predicted] = [exampleOf(responses['200'].content), answer.body as object];
    expect(Object.keys(shown)).toEqual(Object.keys(predicted));
  });

  test('what the standard protocols are asked, once models for MNIST and for prices have been published', async () => {
    const { url, registry, publishDigits } = await startService();
    const file = priceModelFile();
    await registry.publish({
      model: 'houses',
      runId: 'job_2',
      step: 1,
      file,
      metrics: null,
      now: new Date(0),
    });
    await publishDigits();
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => ({ path, method, requestBody })),
    );
    // The others take files, or need a Content-Type.
    const asked = routes.filter(({ path }) => !/^\/(?:predict|v1\/datasets|v1\/jobs)|\/batch$/.test(path));
    for (const { path, method, requestBody } of asked) {
      const media = Object.values(requestBody?.content ?? {});
      for (const name of media.flatMap(({ examples = {} }) => Object.keys(examples))) {
        const filled = path
          .replace('{name}', path.endsWith(':regress') ? 'houses' : 'mnist-mlp')
          .replace('{version}', '1')
          .replace('{label}', 'latest');
        const body = JSON.stringify(document.components.examples[name].value);
        const answer = await fetch(url + filled, { method, body });
        expect(answer.status, `${path}: ${await answer.text()}`).toBe(200);
      }
    }
  });

  test('POST /predict with each kind of bytes, which are shown in base64', async () => {
    const { http, publishDigits } = await startService();
    await publishDigits();
    const { content = {} } = operation('post', '/predict').requestBody ?? {};
    const bytesOf = (example: unknown): Buffer => Buffer.from(example as string, 'base64');
    for (const type of ['image/png', 'image/jpeg']) {
      await http
        .post('/predict')
        .type(type)
        .send(bytesOf(exampleIn(content[type])))
        .expect(200);
    }
    const type = 'application/octet-stream';
    await http
      .post('/predict?dtype=uint8')
      .type(type)
      .send(bytesOf(exampleIn(content[type])))
      .expect(200);
    const { image } = exampleIn(content['multipart/form-data']) as { image: string[] };
    await http.post('/predict').attach('image', bytesOf(image[0]), 'digit.png').expect(200);
    expect(Object.keys(content)).toHaveLength(5);
  });
});
