/**
 * From spans to what is written down of them, and back. Only the API of OpenTelemetry is needed for that; it does
 * nothing while no tracing is started.
 */
import {
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';

/** W3C's headers, which say where in a trace something belongs. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

/** null: nothing is traced. */
export function traceContextOf(span: Span): TraceContext | null {
  const headers: Partial<TraceContext> = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  const { traceparent } = headers;
  return traceparent === undefined ? null : { ...headers, traceparent };
}

/** For the children of whatever wrote the headers. */
export function contextOf(headers: object | null): Context {
  return propagation.extract(ROOT_CONTEXT, headers ?? {});
}

/** null: the headers are not valid, or nothing is traced. */
export function traceIdOf(headers: TraceContext | null): string | null {
  const span = trace.getSpanContext(contextOf(headers));
  return span && isSpanContextValid(span) ? span.traceId : null;
}
