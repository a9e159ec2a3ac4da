/**
 * The API as it is in production, on a folder of published models, with two routes to hold /predict against. Both read
 * the body, and JSON they parse and check as /predict does; /echo answers with that body, /echo-small with what /predict
 * answered to it once. Started by services.mjs (process.argv[2] is the folder, [3] how many predictions may wait), whom it
 * tells its address, and its resident memory in bytes when asked; no queue.
 */
import { Buffer } from 'node:buffer';
import { buildApp } from '../../dist/api/app.js';
import { createImageReader } from '../../dist/images/image-reader.js';
import { createInferenceStatistics } from '../../dist/api/predictions/inference-statistics.js';
import { createLogger } from '../../dist/lib/log.js';
import { createAliases } from '../../dist/model/registry/aliases.js';
import { predictionEngines, selectEngine } from '../../dist/model/engines/select.js';
import { createModelServer } from '../../dist/model/serving/model-server.js';
import { createRegistry } from '../../dist/model/registry/registry.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';
import { createPrometheusMetrics } from '../../dist/telemetry/prometheus.js';

const [, , dataDir, maxWaitingPredictions] = process.argv;
const log = createLogger({ logLevel: 'info', logFormat: 'json' });
const storage = await createFileStorage(dataDir);
const registry = createRegistry(storage, log);
const aliases = createAliases({ storage, registry });
const { engine } = await selectEngine('auto', predictionEngines);
const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
const modelServer = createModelServer({ registry, aliases, engine, log, observe: metrics.predictions });
await modelServer.start();

const app = await buildApp({
  registry,
  aliases,
  modelServer,
  images: createImageReader(),
  metrics,
  statistics: createInferenceStatistics(),
  log,
  maxWaitingPredictions: Number(maxWaitingPredictions),
  bodyMemoryBytes: 512 * 2 ** 20,
  producer: {},
  jobs: {},
  checks: {},
});

await app.register(async (scope) => {
  scope.addContentTypeParser(
    ['application/octet-stream', 'image/png'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  const predicted = new Map();
  for (const type of ['json', 'bytes']) {
    const schema = type === 'json' ? { body: { $ref: 'PredictionRequest#' } } : {};
    scope.post(`/echo/${type}`, { schema }, (request, reply) => reply.send(request.body));
    scope.post(`/echo-small/${type}`, { schema }, async (request, reply) => {
      const key = request.headers['content-type'];
      if (!predicted.has(key)) predicted.set(key, await predictionOf(request));
      return reply.type('application/json').send(predicted.get(key));
    });
  }
});

async function predictionOf({ body, headers }) {
  const answer = await app.inject({
    method: 'POST',
    url: '/predict',
    headers: { 'content-type': headers['content-type'] },
    payload: Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
  return answer.payload;
}

process.on('message', () => process.send(process.memoryUsage.rss()));
process.on('disconnect', () => process.exit());
process.send(await app.listen({ host: '127.0.0.1', port: 0 }));
