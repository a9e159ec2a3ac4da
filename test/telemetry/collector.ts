/** A collector that accepts OTLP over HTTP as JSON and keeps the spans, and clients that start traces. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect } from 'vitest';

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** 1 internal, 2 server, 5 consumer. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  /** Of the process that sent it. */
  resource: Record<string, unknown>;
  /** 2 is an error. */
  status: { code?: number; message?: string };
}

export interface Collector {
  /** Without a path. */
  url: string;
  spans: CollectedSpan[];
  requests: { path: string; headers: IncomingHttpHeaders }[];
  /** The spans of a trace, once this many have arrived. */
  spansOf(traceId: string, count: number): Promise<CollectedSpan[]>;
  close(): Promise<void>;
}

/** A trace that a client starts. It is sampled unless `sampled` is false. */
export interface ClientTrace {
  traceId: string;
  spanId: string;
  /** The header. */
  traceparent: string;
}

export function newTrace({ sampled = true } = {}): ClientTrace {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface Traces {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: (Omit<CollectedSpan, 'attributes'> & Raw)[] }[];
  }[];
}

interface Raw {
  attributes: KeyValue[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: Collector['requests'] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      requests.push({ path: request.url ?? '', headers: request.headers });
      for (const { resource, scopeSpans } of (body as Traces).resourceSpans) {
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
          // An exporter sends a span again if the answer came too late.
          if (spans.some(({ spanId }) => spanId === span.spanId)) continue;
          spans.push({
            ...span,
            startMs: Number(span.startTimeUnixNano) / 1e6,
            endMs: Number(span.endTimeUnixNano) / 1e6,
            attributes: plain(span.attributes),
            resource: plain(resource.attributes),
          });
        }
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    async spansOf(traceId, count) {
      const found = () => spans.filter((span) => span.traceId === traceId);
      await expect.poll(() => found().length).toBe(count);
      return found();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The values as plain JavaScript values. OTLP may send numbers as text; they stay text. */
function plain(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
