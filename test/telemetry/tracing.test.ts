import { SpanKind, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startTracing } from '../../src/telemetry/tracing.js';
import { startCollector } from './collector.js';

test('nothing fails and nothing waits when the collector is down, and the log says so once', async () => {
  const collector = await startCollector();
  await collector.close();
  const warnings: unknown[] = [];
  const log = pino(
    { level: 'warn' },
    {
      write(line: string) {
        warnings.push(JSON.parse(line));
      },
    },
  );
  const stop = startTracing(
    { url: `${collector.url}/v1/traces`, headers: {}, serviceName: 'trainyard', sampleRatio: 1 },
    log,
  );
  const tracer = trace.getTracer('test');
  for (let i = 0; i < 5_000; i++) tracer.startSpan('span', { kind: SpanKind.SERVER }).end();
  await stop();
  expect(warnings).toEqual([
    expect.objectContaining({ level: 40, msg: expect.stringContaining('spans could not be sent') as string }),
  ]);
});
