import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesInMemory, openReader } from '../../../src/data/formats/open-reader.js';
import type { RowBatch } from '../../../src/data/formats/rows.js';
import { classHead, type Head } from '../../../src/model/heads/head.js';
import { fitted, houses, tableModelFile, type TestColumn } from '../../model/small-table.js';
import { openService, type TestService } from '../service.js';

let service: TestService;

/** area, city, garden and sold: those with plain names. */
const columns: readonly TestColumn[] = houses.slice(0, 4);
const header = columns.map(({ name }) => name).join(',');
const rowAt = (row: number): string => columns.map(({ texts }) => texts[row % 6] ?? '').join(',');
const csv = (count: number): string =>
  [header, ...Array.from({ length: count }, (_, row) => rowAt(row)), ''].join('\n');

beforeAll(async () => {
  service = await openService();
  await publish('houses', classHead('cross_entropy', ['cheap', 'dear']));
  await publish('prices', { kind: 'values', names: ['price'] });
  await publish('ranges', { kind: 'values', names: ['low', 'high'] });
  await service.publishDigits();
});

afterAll(() => service.stop());

async function publish(model: string, head: Head, on = columns): Promise<void> {
  await service.registry.publish({
    model,
    runId: `job_${model}`,
    step: 1,
    file: tableModelFile(fitted(on), head),
    metrics: {},
    now: new Date('2026-01-02T03:04:05.678Z'),
  });
  await service.modelServer.refresh();
}

interface Sent {
  path?: string;
  headers?: Record<string, string>;
}

function open({ path = '/v1/models/houses/batch', headers = {} }: Sent = {}): ClientRequest {
  const { hostname, port } = new URL(service.url);
  return request({ hostname, port, method: 'POST', path, headers, agent: false });
}

async function answerTo(client: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(client, 'response')) as [IncomingMessage];
  return answer;
}

async function send(body: string | Buffer, sent: Sent = {}) {
  const client = open(sent);
  client.end(body);
  const answer = await answerTo(client);
  const content = await text(answer);
  return { status: answer.statusCode, headers: answer.headers, trailers: answer.trailers, text: content };
}

const linesOf = (content: string): string[] => content.trimEnd().split('\n');

describe('a file of rows', () => {
  test('comes back in its order with a class and its confidence, those of the same rows by name', async () => {
    const { status, headers, trailers, text: answer } = await send(csv(600));
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'text/csv; charset=utf-8', 'x-model-version': '1' });
    expect(trailers).toEqual({ 'x-rows': '600', 'x-failed-rows': '0' });
    const [first, ...rows] = linesOf(answer);
    expect(first).toBe(`${header},prediction,confidence,prediction_error`);
    expect(rows.map((row) => row.split(',').slice(0, 4).join(','))).toEqual(
      Array.from({ length: 600 }, (_, row) => rowAt(row)),
    );
    const inputs = Array.from({ length: 6 }, (_, row) =>
      Object.fromEntries(columns.map(({ name, texts }) => [name, texts[row] ?? null])),
    );
    const named = await service.http.post('/predict').send({ model: 'houses', inputs }).expect(200);
    const { predictions } = named.body as { predictions: { label: string; confidence: number }[] };
    const byName = predictions.map(({ label, confidence }) => `${label},${confidence},`);
    expect(rows.slice(0, 6).map((row) => row.split(',').slice(4).join(','))).toEqual(byName);
  });

  test.each([
    ['prices', 'prediction,prediction_error'],
    ['ranges', 'prediction_low,prediction_high,prediction_error'],
    ['houses', 'prediction,confidence,probability_cheap,probability_dear,prediction_error'],
  ])('gets the columns of the model %s', async (model, added) => {
    const query = model === 'houses' ? '?probabilities=true' : '';
    const { text: answer } = await send(csv(2), { path: `/v1/models/${model}/versions/1/batch${query}` });
    expect(linesOf(answer)[0]).toBe(`${header},${added}`);
  });

  test('says what is odd about its rows, and names no class where the confidence is too low', async () => {
    const body = [header, rowAt(0), '99999,Atlantis,yes,2024-01-05', ''].join('\n');
    const path = '/v1/models/houses/batch?warnings=true&abstain_below=1';
    const [first, usual, odd] = linesOf((await send(body, { path })).text);
    expect(first).toBe(`${header},prediction,confidence,prediction_warning,prediction_error`);
    expect(usual).toMatch(new RegExp(`^${rowAt(0)},,0\\.\\d+,,$`));
    expect(odd).toMatch(/,cheap,1,OUT_OF_RANGE: area; UNSEEN_CATEGORY: city,$/);
    const refused = await send(body, { path: '/v1/models/prices/batch?abstain_below=0.5' });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('abstain_below needs a model that predicts classes');
  });

  test('keeps its delimiter, its quotes and the columns that the model does not know, in any order', async () => {
    const lines = [
      'note;sold;garden;city;area',
      '"a;""b""";2024-01-05;yes;Oslo;50',
      '=1+1;2024-01-05;yes;Oslo;50',
    ];
    const { text: answer } = await send(gzipSync(lines.join('\r\n')));
    const [first, ...rows] = linesOf(answer);
    expect(first).toBe('note;sold;garden;city;area;prediction;confidence;prediction_error');
    expect(rows.map((row) => row.split(';').slice(0, -3).join(';'))).toEqual(lines.slice(1));
    expect(rows[0]?.split(';').slice(-3)).toEqual(rows[1]?.split(';').slice(-3));
  });

  test('gets other names for the columns of the prediction where it has them already', async () => {
    const body = `${header},prediction,prediction_2\n${rowAt(0)},x,y\n`;
    const [first, row] = linesOf((await send(body)).text);
    expect(first).toBe(`${header},prediction,prediction_2,prediction_3,confidence,prediction_error`);
    expect(row).toMatch(new RegExp(`^${rowAt(0)},x,y,(cheap|dear),`));
  });

  test('has its bad rows marked, each with what is wrong, and the others predicted', async () => {
    const body = [header, rowAt(0), 'big,Oslo,yes,2024-01-05', '50,Oslo', '1,2,3,4,5', rowAt(0), ''].join(
      '\n',
    );
    const { status, trailers, text: answer } = await send(body);
    expect(status).toBe(200);
    expect(trailers).toEqual({ 'x-rows': '5', 'x-failed-rows': '3' });
    const [, first, cell, short, long, last] = linesOf(answer);
    expect(first).toBe(last);
    expect(cell).toMatch(/^big,Oslo,yes,2024-01-05,,,"area is ""big""; a finite number is expected\."$/);
    expect(short).toMatch(/^50,Oslo,,,,,"?Line 4: 2 fields where 4 columns are named/);
    expect(long).toMatch(/^1,2,3,4,,,"?Line 5: 5 fields where 4 columns are named/);
  });
});

describe('JSON Lines', () => {
  const path = '/v1/models/prices/batch';
  const row = { area: 50, city: 'Oslo', garden: 'yes', sold: '2024-01-05' };

  test('come back as they are, with the prediction behind them', async () => {
    const lines = [
      '{"area": 50.0, "city": "Oslo", "garden": "yes", "sold": "2024-01-05", "more": {"a": [1]}, "big": 12345678901234567890}',
      '{"sold":"2024-01-05","garden":"yes","city":"Oslo","area":"50"}',
    ];
    const { headers, text: answer } = await send(lines.join('\n'), { path });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const answers = linesOf(answer);
    expect(answers.map((line) => line.split(',"prediction"')[0])).toEqual(
      lines.map((line) => line.slice(0, -1)),
    );
    const [one, other] = answers.map(
      (line) => JSON.parse(line) as { prediction: number; prediction_error: null },
    );
    expect(one.prediction).toBe(other.prediction);
    expect(one.prediction_error).toBeNull();
  });

  test('have a bad line marked, and a key that the prediction would hide', async () => {
    const body = [JSON.stringify(row), '{"area": 1,', JSON.stringify({ ...row, prediction: [7] })].join('\n');
    const { text: answer } = await send(body, { path });
    const [, bad, clash] = linesOf(answer).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(bad).toEqual({
      prediction: null,
      prediction_error: expect.stringContaining('Line 2 is not JSON') as string,
    });
    expect(clash).toMatchObject({ ...row, prediction: [7] });
    expect(clash.prediction_error_2).toContain('prediction');
  });
});

describe('Parquet', () => {
  test('is answered with CSV, or with JSON Lines whose numbers are numbers, gzipped or not', async () => {
    const file = await readFile(new URL('../../fixtures/tables/all_types_snappy.parquet', import.meta.url));
    const reader = await openReader(bytesInMemory(file));
    const batches: RowBatch[] = [];
    for await (const batch of reader.batches()) batches.push(batch);
    const names = batches[0]?.names ?? [];
    const rows = batches.flatMap((batch) => batch.rows);
    const numbers = names.flatMap((name, column): TestColumn[] => {
      if (reader.declared?.[column] !== 'number') return [];
      const format = { type: 'number' as const, decimal: '.' as const, grouping: '' as const, missing: [] };
      return [{ name, format, texts: rows.map((row) => row[column] ?? null) }];
    });
    expect(numbers.length).toBeGreaterThan(1);
    await publish('parquet', { kind: 'values', names: ['value'] }, numbers);
    const path = '/v1/models/parquet/batch';
    const asCsv = await send(gzipSync(file), { path });
    expect(asCsv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(linesOf(asCsv.text)[0]).toBe([...names, 'prediction', 'prediction_error'].join(','));
    const asLines = await send(file, { path, headers: { accept: 'application/x-ndjson' } });
    expect(asLines.trailers).toEqual(asCsv.trailers);
    const objects = linesOf(asLines.text).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects).toHaveLength(rows.length);
    const [first] = numbers;
    expect(objects.map((object) => object[first.name])).toEqual(
      first.texts.map((cell) => (cell === null ? null : Number(cell))),
    );
    expect(objects.every(({ prediction }) => typeof prediction === 'number')).toBe(true);
  });
});

describe('a file that cannot be predicted', () => {
  test.each([
    ['without a column of the model', csv(3).replace('city', 'cty'), {}, 400, 'INVALID_REQUEST', /cty.*city/],
    ['that is HTML', '<!doctype html><p>Sign in</p>', {}, 422, 'DATASET_INVALID', /HTML/],
    ['that is empty', '', { 'transfer-encoding': 'chunked' }, 422, 'DATASET_INVALID', /empty/],
    ['that is cut short', gzipSync(csv(500)).subarray(0, 60), {}, 422, 'DATASET_INVALID', /cut short/],
    [
      'that is a form',
      'x',
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /itself/,
    ],
  ])('%s is refused before anything is answered', async (_what, body, headers, status, code, detail) => {
    const answer = await send(body, { headers: headers });
    expect(answer.status).toBe(status);
    const problem = JSON.parse(answer.text) as { code: string; detail: string };
    expect(problem.code).toBe(code);
    expect(problem.detail).toMatch(detail);
  });

  test.each([
    ['/v1/models/mnist-mlp/batch', 422, 'INPUT_UNSUPPORTED'],
    ['/v1/models/nothing/batch', 404, 'MODEL_NOT_FOUND'],
    ['/v1/models/houses/versions/7/batch', 404, 'VERSION_NOT_FOUND'],
    ['/v1/models/houses/batch?alias=none', 404, 'ALIAS_NOT_FOUND'],
    ['/v1/models/houses/batch?output=jsonl', 400, 'INVALID_REQUEST'],
    ['/v1/models/houses/batch?limit=1', 400, 'INVALID_REQUEST'],
  ])('by %s is refused', async (path, status, code) => {
    const answer = await send(csv(1), { path });
    expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([status, code]);
  });

  test('that breaks after rows have been answered ends with a row that says so, and an incomplete answer', async () => {
    const client = open();
    client.end(`${csv(30_000)}"never closed,Oslo,yes,2024-01-05\n`);
    const answer = await answerTo(client);
    expect(answer.statusCode).toBe(200);
    let received = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    await expect(once(answer, 'end')).rejects.toThrow('aborted');
    const lines = linesOf(received);
    expect(lines.at(-1)).toMatch(/^,,,,,,"The answer is incomplete: Line 30002, column 1/);
    expect(lines.length).toBeGreaterThan(20_000);
  });
});

describe('a client', () => {
  test('gets the first answers while it still sends', async () => {
    const client = open();
    client.write(csv(20_000));
    const answer = await answerTo(client);
    const [first] = (await once(answer.setEncoding('utf8'), 'data')) as [string];
    expect(first).toContain('prediction');
    client.end(`${rowAt(0)}\n`);
    expect(linesOf(first + (await text(answer)))).toHaveLength(20_002);
  });

  test('may send everything before it reads anything', async () => {
    const client = open();
    const answered = answerTo(client);
    // More than the buffers on the way hold, in both directions.
    const note = 'x'.repeat(10_000);
    const lines = Array.from({ length: 2_500 }, (_, row) => `${rowAt(row)},${note}`);
    client.end([`${header},note`, ...lines].join('\n'));
    await once(client, 'finish');
    const answer = await answered;
    expect(linesOf(await text(answer))).toHaveLength(lines.length + 1);
  });

  test('that leaves ends the work, and takes no place any more', async () => {
    for (let file = 0; file < 10; file++) {
      const client = open().on('error', () => undefined);
      client.write(csv(20_000));
      const answer = await answerTo(client);
      answer.on('error', () => undefined);
      client.destroy();
    }
    await expect.poll(async () => (await send(csv(1))).status).toBe(200);
  });

  test('that sends more than the service takes is told so', async () => {
    const client = open({ headers: { 'content-length': String(2 ** 30) } }).on('error', () => undefined);
    client.flushHeaders();
    const answer = await answerTo(client);
    expect(answer.statusCode).toBe(413);
    client.destroy();
  });
});
