/**
 * The API as it is in production, on a folder of published models, with two routes to hold /predict against. Both parse
 * and check the body as /predict does; /echo answers with that body, /echo-small with a text as long as /predict's
 * answer. Started by predict.mjs (process.argv[2] is the folder, [3] a body), whom it tells its address, and its
 * resident memory in bytes when asked; no queue.
 */
import { buildApp } from '../dist/api/app.js';
import { createLogger } from '../dist/log.js';
import { selectEngine } from '../dist/model/engines/select.js';
import { createModelServer } from '../dist/model/model-server.js';
import { createRegistry } from '../dist/model/registry.js';
import { createFileStorage } from '../dist/storage/file-storage.js';

const [, , dataDir, body] = process.argv;
const log = createLogger({ logLevel: 'info', logFormat: 'json' });
const registry = createRegistry(await createFileStorage(dataDir), log);
const { engine } = await selectEngine('auto');
const modelServer = createModelServer({ registry, engine, log });
await modelServer.start();
const answer = JSON.stringify(await modelServer.predict(JSON.parse(body)));

const app = await buildApp({ registry, modelServer, log, producer: {}, jobs: {}, checks: {} });
const schema = { body: { $ref: 'PredictionRequest#' } };
app.post('/echo', { schema }, (request, reply) => reply.send(request.body));
app.post('/echo-small', { schema }, (_request, reply) =>
  reply.type('application/json; charset=utf-8').send(answer),
);

process.on('message', () => process.send(process.memoryUsage.rss()));
process.on('disconnect', () => process.exit());
process.send(await app.listen({ host: '127.0.0.1', port: 0 }));
