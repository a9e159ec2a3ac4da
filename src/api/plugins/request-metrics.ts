/** Every request is timed and counted: under the pattern of its route, and where a model answers under that model too. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unmatchedRoute, type PrometheusMetrics } from '../../telemetry/prometheus.js';
import { statusSent } from '../problems/problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it is answered from; null: no version was chosen for it. */
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
    measure(request, reply, metrics);
    done();
  });
}

/** Also for requests that come to no hook. */
export function measure(
  request: FastifyRequest,
  reply: FastifyReply,
  { http, predictions }: RequestMetrics,
): void {
  // Comes after every request, also one whose client has left.
  reply.raw.once('close', () => {
    const { method, routeOptions, prediction } = request;
    const status = statusSent(reply);
    const seconds = reply.elapsedTime / 1_000;
    http.observe({ method, route: routeOptions.url ?? unmatchedRoute, status }, seconds);
    if (prediction) predictions.answered(prediction, status, seconds);
  });
}
