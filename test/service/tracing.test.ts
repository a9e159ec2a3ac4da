/** The traces of the built service, from the request to the training process. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { newTrace, startCollector, type CollectedSpan } from '../telemetry/collector.js';
import { quickJob, startService, submit, succeeded } from './service.js';

describeWithService('redis', 'API and worker apart', (queue) => {
  test('one trace leads from the request through the worker into the training process', async () => {
    const collector = await startCollector();
    onTestFinished(() => collector.close());
    const settings = {
      DATA_DIR: await temporaryFolder(),
      QUEUE_URL: queue().url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
    };
    const api = await startService({ ...settings, ROLE: 'api', OTEL_SERVICE_NAME: 'the-api' });
    const worker = await startService({ ...settings, ROLE: 'worker', OTEL_SERVICE_NAME: 'the-worker' });
    const { traceId, spanId, traceparent } = newTrace();
    const job = { ...quickJob, epochs: 2, checkpoint: { every_steps: 1_000 } };
    const answer = await api.http.post('/v1/jobs').set('traceparent', traceparent).send(job).expect(202);
    const { id } = answer.body as { id: string };
    await succeeded(api, id);
    // The remaining spans are sent at the end.
    for (const each of [api, worker]) expect(await each.end('SIGTERM')).toEqual({ code: 0, signal: null });

    expect(collector.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: { authorization: 'Bearer abc' },
    });
    const ofTrace = await collector.spansOf(traceId, 7);
    const named = (name: string): CollectedSpan[] => ofTrace.filter((span) => span.name === name);
    const [post, train] = [named('POST /v1/jobs')[0], named('train mnist-mlp')[0]];
    expect(post).toMatchObject({ parentSpanId: spanId, resource: { 'service.name': 'the-api' } });
    expect(train).toMatchObject({
      parentSpanId: post.spanId,
      attributes: { 'messaging.message.id': id, 'trainyard.job_status': 'succeeded' },
      resource: { 'service.name': 'the-worker', 'process.pid': expect.anything() as number },
    });
    for (const [name, count] of Object.entries({ epoch: 2, checkpoint: 1, evaluate: 1, publish: 1 })) {
      const spans = named(name);
      expect(spans, name).toHaveLength(count);
      for (const span of spans) {
        expect(span.parentSpanId, name).toBe(train.spanId);
        expect(span.startMs).toBeGreaterThanOrEqual(train.startMs);
        expect(span.endMs).toBeLessThanOrEqual(train.endMs);
      }
    }

    const traced = (msg: string) => [...api.log, ...worker.log].find((line) => line.msg === msg)?.trace_id;
    expect(['job submitted', 'training', 'published', 'job ended'].map(traced)).toEqual(
      Array.from({ length: 4 }, () => traceId),
    );
  });
});

describe('the service on its embedded queue', () => {
  test('loads only the API of OpenTelemetry if there is no collector', async () => {
    const loaded = join(await temporaryFolder(), 'modules');
    const preload = fileURLToPath(new URL('list-modules.mjs', import.meta.url));
    const service = await startService({
      DATA_DIR: await temporaryFolder(),
      NODE_OPTIONS: `--import=${preload}`,
      LOADED_MODULES: loaded,
    });
    const { id } = await submit(service, quickJob);
    await succeeded(service, id);
    await service.end('SIGTERM');
    const packages = (await readFile(loaded, 'utf8')).match(/@opentelemetry\/[\w-]+/g);
    expect([...new Set(packages)]).toEqual(['@opentelemetry/api']);
  });

  test('works normally while the collector is down', async () => {
    const collector = await startCollector();
    await collector.close();
    const service = await startService({
      DATA_DIR: await temporaryFolder(),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    const { id } = await submit(service, quickJob);
    await succeeded(service, id);
    expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const warnings = service.log.filter(({ level }) => level >= 40);
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('spans could not be sent') as string,
    ]);
    expect(service.log.at(-1)?.msg).toBe('stopped');
  });
});
