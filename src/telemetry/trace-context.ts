/**
 * Turns spans into headers that can be stored, and back. This needs only OpenTelemetry's API, which does nothing until
 * tracing is started.
 */
import {
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';

/** The headers of W3C Trace Context, which name a place in a trace. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

/** null: tracing is off. */
export function traceContextOf(span: Span): TraceContext | null {
  const headers: Partial<TraceContext> = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  const { traceparent } = headers;
  return traceparent === undefined ? null : { ...headers, traceparent };
}

/** The parent context for spans that belong under the headers. */
export function contextOf(headers: object | null): Context {
  return propagation.extract(ROOT_CONTEXT, headers ?? {});
}

/** null: the headers are invalid, or tracing is off. */
export function traceIdOf(headers: TraceContext | null): string | null {
  const span = trace.getSpanContext(contextOf(headers));
  return span && isSpanContextValid(span) ? span.traceId : null;
}
