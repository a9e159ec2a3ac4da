/** Several API processes of the built service on one port, with a real Redis. */
import { Agent, request as send, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRegistry } from '../../src/model/registry/registry.js';
import { encodeModelFile } from '../../src/model/files/model-file.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { childrenOf } from '../child-processes.js';
import { describedAs, parametersOf } from '../model/small-model.js';
import { describeWithService } from '../services.js';
import { parseExposition, valueOf, type Family } from '../telemetry/exposition.js';
import { openService, quickJob, type Service } from './service.js';

interface Answer {
  status: number;
  body: unknown;
  text: string;
  /** The number of the process that answered. */
  process: number;
}

const network = describedAs({ inputs: 4, hidden: [], outputs: 2 }, ['a', 'b']);
const inputs = [[1, 2, 3, 4]];

describeWithService('redis', 'a service of two API processes', (redis) => {
  let service: Service;
  let dataDir: string;
  let kill: () => Promise<void>;
  const connections: Connection[] = [];
  /** One connection to each process. */
  let pair: [Connection, Connection];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'trainyard-'));
    await publish(1);
    const settings = { DATA_DIR: dataDir, QUEUE_URL: redis().url, ROLE: 'api', API_PROCESSES: '2' };
    service = await openService({ ...settings, LOG_LEVEL: 'info' }, (end) => (kill = end));
    while ((await service.http.get('/health/ready')).status !== 200) await sleep(20);
    pair = await connectToEach();
  });

  afterAll(async () => {
    for (const { close } of connections) close();
    await kill();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function publish(seed: number): Promise<number> {
    const registry = createRegistry(await createFileStorage(dataDir), { warn: () => undefined });
    return registry.publish({
      model: 'two-classes',
      runId: `job_${seed}`,
      step: 1,
      file: encodeModelFile(network, parametersOf(network.network, seed)),
      metrics: { test_accuracy: 0.5, note: null },
      now: new Date(),
    });
  }

  /** The processes accept connections in turn. */
  async function connectToEach(): Promise<[Connection, Connection]> {
    const found = new Map<number, Connection>();
    while (found.size < 2) {
      const connection = new Connection(service);
      connections.push(connection);
      found.set((await connection.ask('GET', '/v1/models')).process, connection);
    }
    return [found.get(1), found.get(2)] as [Connection, Connection];
  }

  test('both answer, and answer alike', async () => {
    const [one, two] = await Promise.all(pair.map((each) => each.ask('POST', '/predict', { inputs })));
    expect([one.status, two.status]).toEqual([200, 200]);
    expect([one.process, two.process]).toEqual([1, 2]);
    expect(one.body).toEqual(two.body);
  });

  test('an idempotency key that one has seen is known to the other', async () => {
    const headers = { 'idempotency-key': 'once-for-both' };
    const [one, two] = [
      await pair[0].ask('POST', '/v1/jobs', quickJob, headers),
      await pair[1].ask('POST', '/v1/jobs', quickJob, headers),
    ];
    expect(one.status).toBe(202);
    expect((two.body as { id: string }).id).toBe((one.body as { id: string }).id);
    await pair[0].ask('POST', `/v1/jobs/${(one.body as { id: string }).id}/cancel`);
  });

  test('an upload that one took is shown by the other', async () => {
    const csv = 'x,y\n1,a\n2,b\n';
    const taken = await pair[0].ask('POST', '/v1/datasets?name=points', csv, { 'content-type': 'text/csv' });
    expect(taken.status).toBe(202);
    const shown = await pair[1].ask('GET', '/v1/datasets/points/versions/1');
    expect(shown.body).toMatchObject({ name: 'points', version: 1, status: 'processing' });
  });

  test('a stream of events of one shows what the other did to the job', async () => {
    const { body } = await pair[0].ask('POST', '/v1/jobs', quickJob);
    const { id } = body as { id: string };
    const stream = await pair[0].open('GET', `/v1/jobs/${id}/events`, undefined, {
      accept: 'text/event-stream',
    });
    const text = read(stream);
    expect((await pair[1].ask('POST', `/v1/jobs/${id}/cancel`)).status).toBe(200);
    expect(await text).toContain('"cancelled"');
  });

  test('the metrics are those of both together', async () => {
    const labels = { model: 'two-classes', version: '1', outcome: 'answered' };
    const counted = async (): Promise<number> =>
      valueOf(await scrape(service), 'trainyard_predictions_total', labels) ?? 0;
    const before = await counted();
    for (const each of [...pair, ...pair, pair[0]]) await each.ask('POST', '/predict', { inputs });
    expect(await counted()).toBe(before + 5);
    const metrics = await scrape(service);
    expect(valueOf(metrics, 'trainyard_processes')).toBe(2);
    expect(valueOf(metrics, 'trainyard_model_version', { model: 'two-classes' })).toBe(1);
    expect(valueOf(metrics, 'trainyard_queue_up')).toBe(1);
  });

  test('a new version is answered by both', async () => {
    const version = await publish(2);
    for (const each of pair) {
      await expect
        .poll(
          async () => ((await each.ask('POST', '/predict', { inputs })).body as { version: number }).version,
        )
        .toBe(version);
    }
  });

  test('when one is killed, connections to the other go on, another takes its place, and no count is lost', async () => {
    const labels = { route: '/predict', status: '200', method: 'POST' };
    const counted = async (): Promise<number> =>
      valueOf(await scrape(service), 'http_request_duration_seconds_count', labels) ?? 0;
    const before = await counted();
    const [victim] = await childrenOf(service.pid);
    process.kill(victim, 'SIGKILL');
    for (let i = 0; i < 20; i++) {
      expect(await pair[1].ask('POST', '/predict', { inputs })).toMatchObject({ status: 200, process: 2 });
    }
    await expect.poll(async () => childrenOf(service.pid)).toHaveLength(2);
    expect(await childrenOf(service.pid)).not.toContain(victim);
    await expect.poll(async () => valueOf(await scrape(service), 'trainyard_processes')).toBe(2);
    expect((await service.http.get('/health/ready')).status).toBe(200);
    expect(await counted()).toBe(before + 20);
    expect(valueOf(await scrape(service), 'trainyard_process_replacements_total')).toBe(1);
    pair = await connectToEach();
    expect(await pair[0].ask('POST', '/predict', { inputs })).toMatchObject({ status: 200, process: 1 });
  });

  test('SIGHUP replaces both under load, and no request is lost or refused', async () => {
    const old = await childrenOf(service.pid);
    let isOver = false;
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 6 }, () => new Connection(service));
    const loads = clients.map(async (client) => {
      while (!isOver) {
        const { status } = await client.ask('POST', '/predict', { inputs }).catch(() => ({ status: 0 }));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      client.close();
    });
    process.kill(service.pid, 'SIGHUP');
    await expect.poll(() => service.log.some(({ msg }) => msg === 'all processes are replaced')).toBe(true);
    isOver = true;
    await Promise.all(loads);
    expect([...statuses.keys()]).toEqual([200]);
    const replaced = await childrenOf(service.pid);
    expect(replaced).toHaveLength(2);
    for (const pid of old) expect(replaced).not.toContain(pid);
  });

  test('SIGTERM ends both, and the service succeeds', async () => {
    const all = await childrenOf(service.pid);
    expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
    for (const pid of all) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(service.errors()).toBe('');
  });
});

/** One connection, kept open as long as the service keeps it. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #service: Service;
  static #asked = 0;

  constructor(service: Service) {
    this.#service = service;
  }

  async ask(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
    const id = `asked-${process.pid}-${++Connection.#asked}`;
    const answer = await this.open(method, path, body, { ...headers, 'x-request-id': id });
    const text = await read(answer);
    const isJson = answer.headers['content-type']?.includes('json') ?? false;
    return {
      status: answer.statusCode ?? 0,
      text,
      body: isJson ? JSON.parse(text) : null,
      process: await processOf(this.#service, id),
    };
  }

  async open(method: string, path: string, body?: unknown, headers = {}): Promise<IncomingMessage> {
    const isText = typeof body === 'string';
    const request = send(`${this.#service.url}${path}`, {
      method,
      agent: this.#agent,
      headers: { ...(body !== undefined && !isText && { 'content-type': 'application/json' }), ...headers },
    });
    request.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
    return ((await once(request, 'response')) as [IncomingMessage])[0];
  }

  readonly close = (): void => this.#agent.destroy();
}

async function read(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** Each request leaves a line in the log, with the number of the process. */
async function processOf({ log }: Service, id: string): Promise<number> {
  for (;;) {
    const line = log.findLast(({ request_id }) => request_id === id);
    if (line !== undefined) return Number(line.process);
    await sleep(1);
  }
}

async function scrape({ http }: Service): Promise<Map<string, Family>> {
  return parseExposition((await http.get('/metrics').expect(200)).text);
}
