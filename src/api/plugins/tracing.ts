/**
 * Makes a span of every request that gets a log line, by OpenTelemetry's conventions for HTTP. Its parent comes from
 * the client's `traceparent`. The log lines of the request carry the id of the trace.
 */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';
import { contextOf, traceContextOf, type TraceContext } from '../../telemetry/trace-context.js';
import { statusSent } from '../problems/problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Passed on to work that the request starts; undefined when the request is not traced. */
    traceContext?: TraceContext | undefined;
  }
}

export function useTracing(app: FastifyInstance): void {
  const tracer = trace.getTracer('trainyard');
  app.decorateRequest('traceContext');

  app.addHook('onRequest', (request, reply, done) => {
    const { method, routeOptions } = request;
    // Probes and scrapes are not traced.
    if (routeOptions.logLevel === 'warn') {
      done();
      return;
    }

    const span = tracer.startSpan(
      routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          ...(routeOptions.url !== undefined && { 'http.route': routeOptions.url }),
          'url.path': request.url.split('?', 1)[0],
          'url.scheme': request.protocol,
          'trainyard.request_id': request.id,
        },
      },
      contextOf(request.headers),
    );
    request.traceContext = traceContextOf(span) ?? undefined;
    request.log = reply.log = request.log.child({ trace_id: span.spanContext().traceId });
    reply.raw.once('close', () => {
      const status = statusSent(reply);
      span.setAttribute('http.response.status_code', status);
      if (request.prediction !== null) {
        const { model, version, queueMs, inferenceMs } = request.prediction;
        span.setAttributes({ 'trainyard.model': model, 'trainyard.version': version });
        // As attributes: two more spans for each prediction would cost more than they tell.
        if (queueMs !== null && inferenceMs !== null) {
          span.setAttributes({ 'trainyard.queue_ms': queueMs, 'trainyard.inference_ms': inferenceMs });
        }
      }
      if (status >= 500) {
        span.setAttribute('error.type', String(status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    });
    done();
  });
}
