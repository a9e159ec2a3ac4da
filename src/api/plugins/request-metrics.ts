/** Times and counts every request under the pattern of its route and, for predictions, under the model. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unmatchedRoute, type PrometheusMetrics } from '../../telemetry/prometheus.js';
import { statusSent } from '../problems/problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The version that answers; null while none has been chosen. */
    prediction: Prediction | null;
  }
}

interface Prediction {
  model: string;
  version: number;
  /** Samples. */
  count: number;
  queueMs: number | null;
  inferenceMs: number | null;
}

export type RequestMetrics = Pick<PrometheusMetrics, 'http' | 'predictions'>;

export function useMetrics(app: FastifyInstance, metrics: RequestMetrics): void {
  app.decorateRequest('prediction', null);
  app.addHook('onRequest', (request, reply, done) => {
    measureRequest(request, reply, metrics);
    done();
  });
}

/** Called directly for requests that reach no hook. */
export function measureRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { http, predictions }: RequestMetrics,
): void {
  // `close` follows every request, even one whose client has disconnected.
  reply.raw.once('close', () => {
    const { method, routeOptions, prediction } = request;
    const status = statusSent(reply);
    const seconds = reply.elapsedTime / 1_000;
    http.observe({ method, route: routeOptions.url ?? unmatchedRoute, status }, seconds);
    if (prediction) predictions.answered(prediction, status, seconds);
  });
}
