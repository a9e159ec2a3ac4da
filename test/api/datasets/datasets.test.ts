import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import { mnistInfo } from '../../../src/data/builtin/mnist.js';
import { openService, type TestService } from '../service.js';

const churn = 'age,city,churned\n31,Oslo,no\n47,Bergen,yes\n28,,no\n55,Bergen,yes\n';

let service: TestService;
beforeAll(async () => {
  service = await openService({
    bodyMemoryBytes: 32 * 2 ** 20,
    slowBodies: { graceMs: 300, bytesPerSecond: 1_000 },
  });
});
afterAll(() => service.stop());

/** As the worker does. */
async function readUploads(): Promise<void> {
  for (const id of service.uploads) await takeIn(service.storage, id, { mostIdxBytes: 2 ** 20 });
}

async function uploadsStored(): Promise<number> {
  const uploads = await service.storage.list('uploads');
  const files = await Promise.all(uploads.map((id) => service.storage.list(`uploads/${id}`)));
  return files.filter((names) => names.length > 0).length;
}

describe('POST /v1/datasets', () => {
  test('takes the body as the file, and shows the version where it says it is', async () => {
    const answer = await service.http
      .post('/v1/datasets')
      .query({ name: 'raw', target: 'churned' })
      .type('text/csv')
      .send(churn)
      .expect(202);
    expect(answer.headers.location).toBe('/v1/datasets/raw/versions/1');
    expect(answer.headers['preference-applied']).toBeUndefined();
    expect(answer.body).toMatchObject({ object: 'dataset', name: 'raw', version: 1, status: 'processing' });
    const { body } = await service.http.get(answer.headers.location).expect(200);
    expect(body).toEqual(answer.body);
    await readUploads();
    const ready = await service.http.get('/v1/datasets/raw').expect(200);
    expect(ready.body).toMatchObject({
      status: 'ready',
      format: 'csv',
      rows: 4,
      target: ['churned'],
      columns: [
        { name: 'age', type: 'number', min: 28, max: 55 },
        { name: 'city', missing: 1 },
        { name: 'churned' },
      ],
    });
  });

  test('waits for the file to be read when the client prefers so', async () => {
    const waiting = service.http
      .post('/v1/datasets?name=waited&target=churned')
      .set('prefer', 'respond-async, wait=20')
      .send(churn);
    const reading = setInterval(() => void readUploads(), 50);
    const answer = await waiting.expect(201);
    clearInterval(reading);
    expect(answer.headers['preference-applied']).toBe('wait=20');
    expect(answer.body).toMatchObject({ status: 'ready', rows: 4 });
    // The same again is there already, and has been read.
    const again = await service.http.post('/v1/datasets?name=waited&target=churned').send(churn).expect(200);
    expect(again.body).toEqual(answer.body);
  });

  test('takes a form whose fields come after the file, and names the dataset after the file', async () => {
    const form = service.http
      .post('/v1/datasets')
      .attach('file', gzipSync(churn), 'Kündigungen 2024.csv.gz')
      .field('target', 'churned')
      .field('target', 'city')
      .field('options', '{"columns":{"age":{"type":"category"}}}')
      .field('header', 'true');
    expect((await form.expect(202)).body).toMatchObject({
      name: 'kundigungen-2024',
      target: ['churned', 'city'],
    });
    await readUploads();
    const { body } = await service.http.get('/v1/datasets/kundigungen-2024').expect(200);
    expect(body).toMatchObject({
      status: 'ready',
      rows: 4,
      columns: [{ name: 'age', type: 'category' }, {}, {}],
    });
  });

  test('inflates a compressed body, so that it is the same version as the plain one', async () => {
    await service.http.post('/v1/datasets?name=packed').send(churn).expect(202);
    const answer = await fetch(`${service.url}/v1/datasets?name=packed`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(churn),
    });
    expect([answer.status, ((await answer.json()) as { version: number }).version]).toEqual([202, 1]);
  });

  test('takes IDX files', async () => {
    const images = Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4]);
    const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 1, 0]);
    await service.http
      .post('/v1/datasets?name=idx')
      .attach('images', images, 'images.idx')
      .attach('labels', labels, 'labels.idx')
      .expect(202);
    await readUploads();
    expect((await service.http.get('/v1/datasets/idx').expect(200)).body).toMatchObject({
      status: 'ready',
      format: 'idx',
      rows: 2,
      arrays: { inputs: 2, labels: ['0', '1'], train_rows: 2, test_rows: 0 },
    });
  });

  const csv = { body: 'a\n1\n', type: 'text/csv' };
  test.each([
    ['no name', '', csv, /has no name: add \?name=/],
    ['a name that no file can have', '?name=My%20Data', csv, /nearest valid name is "my-data"/],
    ['an unknown parameter', '?name=x&targt=y', csv, /Did you mean target\?/],
    ['a delimiter of two characters', '?name=x&delimiter=%3B%3B', csv, /delimiter must/],
    ['columns that are not JSON', '?name=x&columns=age', csv, /columns is not JSON/],
    [
      'a type that there is not',
      '?name=x&columns=%7B%22a%22%3A%7B%22type%22%3A%22int%22%7D%7D',
      csv,
      /must be one of/,
    ],
    ['no body', '?name=x', { body: '', type: 'text/csv' }, /body is missing/],
    [
      'a form without an end',
      '?name=x',
      { body: '--b\r\nCon', type: 'multipart/form-data; boundary=b' },
      /form/,
    ],
    ['a form without a boundary', '?name=x', { body: 'x', type: 'multipart/form-data' }, /form/],
  ])('refuses %s, and stores nothing', async (_what, query, { body, type }, message) => {
    const before = await uploadsStored();
    const answer = await service.http.post(`/v1/datasets${query}`).type(type).send(body).expect(400);
    expect(answer.body).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: expect.stringMatching(message) as string,
    });
    expect(await uploadsStored()).toBe(before);
  });

  test.each([
    ['a file under an unknown name', 'data', /call it file/],
    ['images alone', 'images', /only images/],
  ])('refuses a form with %s', async (_what, field, message) => {
    const before = await uploadsStored();
    const answer = await service.http
      .post('/v1/datasets?name=x')
      .attach(field, Buffer.from('a\n1\n'), 'x.csv');
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(message) as string } });
    expect(await uploadsStored()).toBe(before);
  });

  test('refuses the name of a built-in dataset', async () => {
    const answer = await service.http.post('/v1/datasets?name=mnist').send(churn).expect(409);
    expect(answer.body).toMatchObject({ code: 'DATASET_NAME_TAKEN' });
  });

  test('refuses what is larger than allowed by its length, and by what arrives', async () => {
    const before = await uploadsStored();
    const large = Buffer.alloc(2 ** 20 + 1, 'x');
    for (const body of [large, gzipSync(large)]) {
      const headers: Record<string, string> = body === large ? {} : { 'content-encoding': 'gzip' };
      const answer = await fetch(`${service.url}/v1/datasets?name=large`, { method: 'POST', headers, body });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({
        code: 'DATASET_TOO_LARGE',
        detail: expect.stringContaining('1 MB (MAX_DATASET_MB)') as string,
      });
    }
    const form = service.http.post('/v1/datasets?name=large').attach('file', large, 'large.csv');
    expect(await form).toMatchObject({ status: 413, body: { code: 'DATASET_TOO_LARGE' } });
    expect(await uploadsStored()).toBe(before);
  });

  test('refuses an upload that stalls, and removes what has arrived', async () => {
    const before = await uploadsStored();
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write(
      'POST /v1/datasets?name=slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\na,b\n1,2\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('"code":"BODY_TOO_SLOW"');
    socket.destroy();
    expect(await uploadsStored()).toBe(before);
  });

  test('removes what has arrived when the client goes away', async () => {
    const before = await uploadsStored();
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/datasets?name=gone HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n${churn}`,
    );
    await once(socket, 'connect');
    await sleep(50);
    socket.destroy();
    await expect.poll(() => service.logLines.some(({ code }) => code === 'CLIENT_GONE')).toBe(true);
    await expect.poll(uploadsStored).toBe(before);
  });

  test('takes only as many at a time as the memory for bodies holds', async () => {
    const port = Number(new URL(service.url).port);
    const head = 'POST /v1/datasets?name=many HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\na';
    const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    const answers = sockets.map(async (socket) => {
      socket.write(head);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return /"code":"(\w+)"/.exec(answer.toString())?.[1];
    });
    // Each may hold 8 MiB of 32.
    expect((await Promise.all(answers)).sort()).toEqual(
      ['OVERLOADED', ...Array<string>(4).fill('BODY_TOO_SLOW')].sort(),
    );
    for (const socket of sockets) socket.destroy();
  });
});

describe('what is shown of datasets', () => {
  beforeAll(async () => {
    await service.http.post('/v1/datasets?name=table&target=churned').send(churn);
    await service.http.post('/v1/datasets?name=table&target=churned').send(`${churn}60,Oslo,no\n`);
    await service.http.post('/v1/datasets?name=bad').send('a,b\n1,2\n3\n');
    await service.http.post('/v1/datasets?name=proto').send('__proto__,constructor\n1,x\n2,y\n');
    await readUploads();
    await service.http.post('/v1/datasets?name=unread').send('a,b\n5,6\n');
  });

  test('is a list by name, in pages, with what is built in', async () => {
    const { body } = await service.http.get('/v1/datasets?limit=100').expect(200);
    const { data } = body as { data: { name: string; version: number; status: string }[] };
    const names = data.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'mnist', version: 1, status: 'ready', rows: 70_000 }),
        expect.objectContaining({ name: 'table', version: 2, status: 'ready' }),
        expect.objectContaining({ name: 'bad', status: 'failed' }),
      ]),
    );
    const paged: string[] = [];
    for (let after = '', more = true; more; after = paged.at(-1) ?? '') {
      const page = (await service.http.get('/v1/datasets').query({ limit: 2, ...(after && { after }) }))
        .body as {
        data: { name: string }[];
        has_more: boolean;
      };
      paged.push(...page.data.map(({ name }) => name));
      more = page.has_more;
    }
    expect(paged).toEqual(names);
  });

  test('is its versions, newest first', async () => {
    const { body } = await service.http.get('/v1/datasets/table/versions').expect(200);
    expect(body).toMatchObject({
      data: [
        { version: 2, rows: 5 },
        { version: 1, rows: 4 },
      ],
      has_more: false,
    });
    const rest = await service.http.get('/v1/datasets/table/versions?after=2&limit=1').expect(200);
    expect(rest.body).toMatchObject({ data: [{ version: 1 }], has_more: false });
    expect((await service.http.get('/v1/datasets/mnist/versions')).body).toMatchObject({
      data: [{ version: 1 }],
    });
  });

  test('is its rows by column name, with the types that were found, in pages', async () => {
    const first = await service.http.get('/v1/datasets/table/versions/1/rows?limit=3').expect(200);
    expect(first.body).toEqual({
      object: 'list',
      data: [
        { age: 31, city: 'Oslo', churned: false },
        { age: 47, city: 'Bergen', churned: true },
        { age: 28, city: null, churned: false },
      ],
      first_row: 1,
      has_more: true,
    });
    const last = await service.http.get('/v1/datasets/table/rows?after=4').expect(200);
    expect(last.body).toMatchObject({ data: [{ age: 60 }], first_row: 5, has_more: false });
    expect((await service.http.get('/v1/datasets/table/rows?after=99').expect(200)).body).toMatchObject({
      data: [],
    });
  });

  test('is a row whose columns have the names of what objects inherit', async () => {
    const { text } = await service.http.get('/v1/datasets/proto/rows?limit=1').expect(200);
    expect(text).toContain('"data":[{"__proto__":1,"constructor":"x"}]');
  });

  test('is single samples of arrays, by their numbers in either part', async () => {
    const at = '/v1/datasets/mnist/versions/1/samples';
    const { body } = await service.http.get(`${at}?rows=1,0`).expect(200);
    const { data, part } = body as {
      part: string;
      data: { row: number; target: string; inputs: number[] }[];
    };
    expect(part).toBe('test');
    expect(data.map(({ row, target, inputs }) => [row, target, inputs.length])).toEqual([
      [1, '2', 784],
      [0, '7', 784],
    ]);
    expect(data[1]?.inputs).toEqual([...exampleDigit]);
    const { body: trained } = await service.http.get(`${at}?rows=59999&part=train`).expect(200);
    expect(trained).toMatchObject({ part: 'train', data: [{ row: 59_999, target: '8' }] });
    for (const query of ['rows=10000', 'rows=', 'rows=1,x', 'rows=1&part=validation', ''])
      await service.http.get(`${at}?${query}`).expect(400);
    await service.http.get('/v1/datasets/table/versions/1/samples?rows=0').expect(400);
    await service.http.get('/v1/datasets/absent/versions/1/samples?rows=0').expect(404);
  });

  test('is a profile of every column', async () => {
    const { body } = await service.http.get('/v1/datasets/table/profile').expect(200);
    expect(body).toMatchObject({
      object: 'dataset_profile',
      rows: 5,
      columns: [
        {
          name: 'age',
          type: 'number',
          unreadable: 0,
          quantiles: expect.any(Array) as [],
          histogram: { from: 28, to: 60 },
        },
        { name: 'city', missing: 1, quantiles: null, histogram: null, top: expect.any(Array) as [] },
        { name: 'churned' },
      ],
    });
  });

  test('is why a file cannot be used, with line and column', async () => {
    const { body } = await service.http.get('/v1/datasets/bad').expect(200);
    const error = { code: 'DATASET_INVALID', problems: [{ code: 'ROW_LENGTH', line: 3 }] };
    expect(body).toMatchObject({ status: 'failed', rows: null, error });
    const rows = await service.http.get('/v1/datasets/bad/rows').expect(422);
    expect(rows.body).toMatchObject(error);
    expect(rows.body).not.toHaveProperty('pointer');
  });

  test.each([
    ['/v1/datasets/nope', 404, 'DATASET_NOT_FOUND'],
    ['/v1/datasets/..%2Fruns', 404, 'DATASET_NOT_FOUND'],
    ['/v1/datasets/table/versions/9', 404, 'DATASET_VERSION_NOT_FOUND'],
    ['/v1/datasets/mnist/versions/2', 404, 'DATASET_VERSION_NOT_FOUND'],
    ['/v1/datasets/nope/versions', 404, 'DATASET_NOT_FOUND'],
    ['/v1/datasets/nope/rows', 404, 'DATASET_NOT_FOUND'],
    ['/v1/datasets/unread/profile', 409, 'DATASET_NOT_READY'],
    ['/v1/datasets/mnist/rows', 422, 'DATASET_NOT_A_TABLE'],
    ['/v1/datasets/table/versions/0', 400, 'INVALID_REQUEST'],
  ])('is for %s %i %s', async (path, status, code) => {
    const { body } = await service.http.get(path).expect(status);
    expect(body).toMatchObject({ status, code });
  });
});

describe('DELETE /v1/datasets', () => {
  test('removes a version, and then all of them', async () => {
    for (const more of ['', '1,x,yes\n', '2,x,yes\n'])
      await service.http
        .post('/v1/datasets?name=removed')
        .send(churn + more)
        .expect(202);
    await service.http.delete('/v1/datasets/removed/versions/2').expect(204);
    await service.http.delete('/v1/datasets/removed/versions/2').expect(404);
    expect((await service.http.get('/v1/datasets/removed/versions')).body).toMatchObject({
      data: [{ version: 3 }, { version: 1 }],
    });
    await service.http.delete('/v1/datasets/removed').expect(204);
    await service.http.get('/v1/datasets/removed').expect(404);
    await service.http.delete('/v1/datasets/removed').expect(404);
  });

  test('is refused while a job that has not ended uses it, and for what is built in', async () => {
    await service.http.post('/v1/datasets?name=used').send(churn);
    const spec = resolveSpec(
      {},
      { ...mnistInfo, name: 'used' },
      { trainingMemoryLimitBytes: 2 ** 40 },
      new Date(),
      {
        webhook: null,
        idempotency_key: null,
        trace_context: null,
      },
    );
    const id = await service.store.create(spec);
    const { body } = await service.http.delete('/v1/datasets/used').expect(409);
    expect(body).toMatchObject({ code: 'DATASET_IN_USE', detail: expect.stringContaining(id) as string });
    await service.http.get('/v1/datasets/used').expect(200);
    await service.http.post(`/v1/jobs/${id}/cancel`).expect(200);
    await service.http.delete('/v1/datasets/used').expect(204);
    await service.http.delete('/v1/datasets/mnist').expect(409);
  });
});
