/** Functions that define metrics in a registry. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** In seconds. */
export const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Define = ReturnType<typeof metricsIn>;

export function metricsIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    /**
     * `collect` sets the gauge at each scrape. `joinedBy`: what it is in a service of several processes; all of them see the
     * same queue and the same models, and each has its own memory.
     */
    gauge: <Label extends string>(
      name: string,
      help: string,
      labelNames: Label[] = [],
      {
        collect,
        joinedBy = 'sum',
      }: { collect?: (gauge: Gauge<Label>) => void; joinedBy?: 'sum' | 'min' | 'max' } = {},
    ) =>
      new Gauge<Label>({
        ...{ name, help, labelNames, registers, aggregator: joinedBy },
        ...(collect && {
          collect() {
            collect(this);
          },
        }),
      }),
    histogram: <Label extends string>(
      name: string,
      help: string,
      buckets: number[],
      labelNames: Label[] = [],
    ) => new Histogram({ name, help, labelNames, buckets, registers }),
  };
}
