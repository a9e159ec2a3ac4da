/**
 * Sends the spans of this process to a collector by OTLP over HTTP. Loaded only where there is one: without it the spans
 * made elsewhere are OpenTelemetry's own no-ops. Whatever becomes of the collector, nothing waits for it and nothing fails.
 */
import { hostname } from 'node:os';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { withTimeout } from '../lib/timeout.js';
import { maskKeys, type Logger } from '../lib/log.js';

export interface TracingSettings {
  /** Where spans are posted. */
  url: string;
  headers: Record<string, string>;
  serviceName: string;
  /** Part of the traces that begin here which are sent, from 0 to 1; others follow their beginning. */
  sampleRatio: number;
}

/** For the last spans, when the process ends; the service itself has ten seconds. */
const flushWithinMs = 2_000;

/**
 * Certificates and compression are left to OpenTelemetry's own variables.
 * @returns sends what is left, and no more after that
 */
export function startTracing(
  { url, headers, serviceName, sampleRatio }: TracingSettings,
  log: Logger,
): () => Promise<void> {
  reportFailures(log);
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: 5_000 });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'host.name': hostname(),
      'process.pid': process.pid,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [
      maskKeysInSpans,
      new BatchSpanProcessor(exporter, {
        scheduledDelayMillis: 1_000,
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        exportTimeoutMillis: 10_000,
      }),
    ],
  });
  // Spans are handed on by hand: a context manager would have every promise of the process followed.
  provider.register({ contextManager: null });
  return async () => {
    await withTimeout(flushWithinMs, provider.shutdown()).catch((err: unknown) => diag.error(String(err)));
  };
}

/** A key that a client sent in the wrong place, in a path for one, does not reach the collector. */
const maskKeysInSpans: SpanProcessor = {
  onStart: () => undefined,
  onEnd({ attributes }) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') attributes[name] = maskKeys(value);
    }
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** The first one, as a collector that is away fails every time. */
function reportFailures(log: Logger): void {
  let level: 'warn' | 'debug' = 'warn';
  const report = (reason: string): void => {
    log[level]({ reason }, 'spans could not be sent; further failures are logged at debug');
    level = 'debug';
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
