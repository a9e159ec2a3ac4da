/** The OpenAPI document without a running service: to be committed, linted and compared. */
import { pino } from 'pino';
import { buildApp } from './app.js';

export async function buildOpenApiDocument(): Promise<object> {
  // Describing the routes calls none of them.
  const never = (): never => {
    throw new Error('Only the document was asked for');
  };
  const app = await buildApp({
    producer: { submit: never },
    jobs: { get: never, list: never, events: never, metrics: never, checkpoints: never },
    lifecycle: { cancel: never, pause: never, resume: never, remove: never },
    feed: { follow: never },
    webhookDeliveries: { list: never },
    registry: { names: never, versionNumbers: never, versions: never, latest: never },
    modelServer: { predict: never, status: never },
    checks: {},
    log: pino({ level: 'silent' }),
  });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}
