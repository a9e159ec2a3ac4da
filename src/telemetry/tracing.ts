/**
 * Sends the spans of this process to a collector by OTLP over HTTP. This module is loaded only if a collector is
 * configured; without it, spans are OpenTelemetry's own no-ops. When the collector fails, nothing waits and nothing
 * fails.
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
  /** Spans are posted here. */
  url: string;
  headers: Record<string, string>;
  serviceName: string;
  /**
   * The share of traces that are sent, from 0 to 1. It applies to traces that begin in this process; a trace that began
   * elsewhere keeps the decision made there.
   */
  sampleRatio: number;
}

/** Time to send the last spans when the process ends. The service must stop within ten seconds. */
const flushTimeoutMs = 2_000;

/**
 * Certificates and compression are set by OpenTelemetry's own environment variables.
 * @returns sends the spans that are left and stops tracing
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
  // The code passes spans on explicitly. A context manager would have to track every promise of the process.
  provider.register({ contextManager: null });
  return async () => {
    await withTimeout(flushTimeoutMs, provider.shutdown()).catch((err: unknown) => diag.error(String(err)));
  };
}

/** Keeps API keys that a client sent in the wrong place, such as a path, away from the collector. */
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

/** Only the first failure is a warning: a collector that is down fails every time. */
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
