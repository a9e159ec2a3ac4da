/** The settings of a job as names and texts: for its recipe, and to find out what differs between jobs. */
import { formatName, formatNumber } from '../../parts/format.js';
import type { Job } from '../../service/api.js';

export interface Setting {
  /** The path in the spec, such as `optimizer.learning_rate`. */
  path: string;
  name: string;
  text: string;
  /** Why the preset chose it. */
  reason?: string;
}

type Spec = Job['spec'];

/** Shown in other ways, or by themselves. */
const leftOut = new Set(['reasons', 'network', 'columns', 'rows']);

export function settingsOf({ spec, dataset, dataset_version: version }: Job): Setting[] {
  const reasons = spec.reasons ?? {};
  const settings = [
    setting('dataset', version === null ? dataset : `${dataset}, version ${version}`),
    setting('network.hidden', hiddenOf(spec)),
    ...Object.entries(spec)
      .filter(([field]) => !leftOut.has(field))
      .flatMap(([field, value]) => settingsIn(field, value)),
    ...(spec.columns ?? []).map(({ name, role, type }) => setting(`columns.${name}`, `${role}, ${type}`)),
  ];
  return settings.map((each) => {
    const reason = reasons[each.path];
    return reason === undefined ? each : { ...each, reason };
  });
}

function settingsIn(path: string, value: unknown): Setting[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([field, each]) => settingsIn(`${path}.${field}`, each));
  }
  return [setting(path, textOf(value))];
}

function setting(path: string, text: string): Setting {
  return { path, name: formatName(path.replace(/^columns\./, 'column ').replaceAll('.', ' ')), text };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'number') return formatNumber(value, 6);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** 256 relu → 256 relu, dropout 0.25 */
function hiddenOf({ network: { hidden } }: Pick<Spec, 'network'>): string {
  if (hidden.length === 0) return 'no hidden layer';
  return hidden
    .map(
      ({ units, activation, dropout }) =>
        `${units} ${activation}${dropout > 0 ? `, dropout ${dropout}` : ''}`,
    )
    .join(' → ');
}

/** 256-256-256 relu */
export function shortHiddenOf({ network: { hidden } }: Pick<Spec, 'network'>): string {
  if (hidden.length === 0) return 'none';
  const activations = [...new Set(hidden.map(({ activation }) => activation))];
  return `${hidden.map(({ units }) => units).join('-')} ${activations.join(', ')}`;
}

/** The settings that are not the same in all of the jobs, with the text of each job. */
export function differencesOf(jobs: readonly Job[]): { path: string; name: string; texts: string[] }[] {
  const all = jobs.map((job) => new Map(settingsOf(job).map((each) => [each.path, each])));
  const paths = new Set(all.flatMap((settings) => [...settings.keys()]));
  return [...paths].flatMap((path) => {
    const texts = all.map((settings) => settings.get(path)?.text ?? '–');
    const name = all.find((settings) => settings.has(path))?.get(path)?.name ?? path;
    return new Set(texts).size > 1 ? [{ path, name, texts }] : [];
  });
}
