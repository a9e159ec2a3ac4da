/** The points of the playground: a dataset that the service makes, its rows, and how a job divides them. */
import { api, type Dataset, type Schemas } from '../../service/api.js';
import { datasetName, type Points } from './settings.js';

export interface Point {
  x: number;
  y: number;
  label: string;
}

export interface PointSet {
  name: string;
  version: number;
  /** Whether the version was made for this set: nothing else can have used it. */
  isNew: boolean;
  points: Point[];
  /** In the order in which the colours of the theme are given to them. */
  labels: string[];
}

const pageRows = 100;
/** The last deletion: the same points, when they are wanted again, must not be found on their way out. */
let discarded: Promise<unknown> = Promise.resolve();

/** The status for a version that was there before. */
const alreadyRead = 200;

/**
 * The same points are the same version, however often they are asked for. A version that is not wanted any more by the time it is made is
 * deleted.
 */
export async function makePoints(wanted: Points, signal: AbortSignal): Promise<PointSet> {
  const body: Schemas['GenerateRequest'] = { ...wanted, name: datasetName(wanted) };
  await discarded;
  signal.throwIfAborted();
  const answer = await api.fetch('/v1/datasets/generate', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify(body),
  });
  const made = (await answer.json()) as Dataset;
  const isNew = answer.status !== alreadyRead;
  try {
    const points = await pointsOf(made, wanted.rows, signal);
    const labels = [...new Set(points.map(({ label }) => label))].sort();
    return { name: made.name, version: made.version, isNew, points, labels };
  } catch (error) {
    if (isNew && signal.aborted) discardPoints(made);
    throw error;
  }
}

async function pointsOf(made: Dataset, count: number, signal: AbortSignal): Promise<Point[]> {
  const ready = made.status === 'ready' ? made : await api.waitForDataset(made, { signal });
  if (ready.status === 'failed') throw new Error(ready.error?.code ?? 'The points could not be read.');
  const path = { name: ready.name, version: String(ready.version) };
  const pages = await Promise.all(
    Array.from({ length: Math.ceil(count / pageRows) }, (_, page) =>
      api.get('/v1/datasets/{name}/versions/{version}/rows', {
        params: { path, query: { after: page * pageRows, limit: pageRows } },
        signal,
      }),
    ),
  );
  return pages.flatMap(({ data }) => data as unknown as Point[]);
}

/** Points that were only looked at leave nothing behind. */
export function discardPoints({ name, version }: Pick<PointSet, 'name' | 'version'>): void {
  const path = { name, version: String(version) };
  discarded = api
    .delete('/v1/datasets/{name}/versions/{version}', { params: { path } })
    .catch(() => undefined);
}

/** Of each row, whether the job holds it out: it is not learnt from. */
export async function heldOutRows(jobId: string, signal: AbortSignal): Promise<Set<number>> {
  const answer = await api.fetch(`/v1/jobs/${encodeURIComponent(jobId)}/split`, { signal });
  const lines = (await answer.text()).trim().split('\n').slice(1);
  return new Set(
    lines.flatMap((line) => {
      const [row, split] = line.split(',');
      return split === 'train' ? [] : [Number(row)];
    }),
  );
}
