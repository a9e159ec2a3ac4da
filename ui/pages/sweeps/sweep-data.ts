/** What the pages know of a sweep, and how its parts are written. */
import { formatName, formatNumber, formatPercent } from '../../parts/format.js';
import { api, type Sweep, type Trial } from '../../service/api.js';

const pageSize = 1_000;

/** In order. */
export async function loadTrials(id: string, signal: AbortSignal): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (;;) {
    const query = { after: trials.length, limit: pageSize };
    const page = await api.get('/v1/sweeps/{id}/trials', { params: { path: { id }, query }, signal });
    trials.push(...page.data);
    if (!page.has_more) return trials;
  }
}

export function datasetOf({ job }: Sweep): string | undefined {
  const dataset = job.dataset as string | { name: string } | undefined;
  return typeof dataset === 'object' ? dataset.name : dataset;
}

/** `validation loss`, `validation RMSE` */
export function metricTitle({ metric }: Pick<Sweep, 'metric'>): string {
  return `validation ${metric === 'rmse' ? 'RMSE' : metric}`;
}

export function formatMetric({ metric }: Pick<Sweep, 'metric'>, value: number | null | undefined): string {
  return metric === 'accuracy' ? formatPercent(value) : formatNumber(value);
}

/** `optimizer.learning_rate` → `Learning rate`; of a path into a list, all that tells it from others. */
export function parameterTitle(path: string): string {
  const name = path.startsWith('optimizer.') ? path.slice('optimizer.'.length) : path.replaceAll('.', ' ');
  return formatName(name === 'network hidden' ? 'hidden layers' : name);
}

export function formatParameter(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value, 3);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every(isLayer)) return value.map(layerText).join('-') || 'none';
  return JSON.stringify(value);
}

interface Layer {
  units: number;
  dropout?: number;
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && 'units' in value;
}

function layerText({ units, dropout = 0 }: Layer): string {
  return dropout > 0 ? `${units} (${dropout})` : String(units);
}

/** The best figure up to each trial; null before the first one. */
export function bestSoFar(goal: Sweep['goal'], trials: readonly Trial[]): (number | null)[] {
  let best: number | null = null;
  return trials.map(({ value }) => {
    if (value !== null && (best === null || (goal === 'minimize' ? value < best : value > best)))
      best = value;
    return best;
  });
}
