/** Joins the metrics of several processes: counters and histograms are summed, gauges as each says. */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** All metrics of one process at one moment; it can be sent to another process. */
export type MetricsSnapshot = Joinable[];

type Joinable = Omit<MetricObjectWithValues<MetricValue<string>>, 'collect'>;

/** In Prometheus' text format. */
export async function joinedText(
  snapshots: readonly MetricsSnapshot[],
): Promise<{ contentType: string; text: string }> {
  const registry = AggregatorRegistry.aggregate([...snapshots]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** What is left of processes that have ended: their counters and histograms. Without it, sums would fall when one ends. */
export async function joinedCounts(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const registry = AggregatorRegistry.aggregate(snapshots.map((snapshot) => snapshot.filter(isCount)));
  return registry.getMetricsAsJSON();
}

/** What only the supervisor of the processes knows. */
export function supervisorMetrics(known: { ready: number; replacements: number }): MetricsSnapshot {
  return [
    single('gauge', {
      name: 'trainyard_processes',
      help: 'Processes of the service that are ready to answer; absent in a service of one process.',
      value: known.ready,
    }),
    single('counter', {
      name: 'trainyard_process_replacements_total',
      help: 'Processes that ended on their own and were replaced; absent in a service of one process.',
      value: known.replacements,
    }),
  ];
}

/** A metric without labels. */
function single(
  type: 'counter' | 'gauge',
  { name, help, value }: { name: string; help: string; value: number },
): MetricsSnapshot[number] {
  // prom-client declares the types as numbers, and uses these words.
  const known = type as unknown as MetricsSnapshot[number]['type'];
  return { name, help, type: known, aggregator: 'sum', values: [{ value, labels: {} }] };
}

function isCount({ type }: MetricsSnapshot[number]): boolean {
  return ['counter', 'histogram'].includes(type as unknown as string);
}
