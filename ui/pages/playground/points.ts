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
  points: Point[];
  /** In the order in which the colours of the theme are given to them. */
  labels: string[];
}

const pageRows = 100;

/** The same points are the same version, however often they are asked for. */
export async function makePoints(wanted: Points, signal: AbortSignal): Promise<PointSet> {
  const body: Schemas['GenerateRequest'] = { ...wanted, name: datasetName(wanted) };
  const made: Dataset = await api.post('/v1/datasets/generate', {
    body,
    params: { header: { Prefer: 'wait=30' } },
    signal,
  });
  const ready = made.status === 'ready' ? made : await api.waitForDataset(made, { signal });
  if (ready.status === 'failed') throw new Error(ready.error?.code ?? 'The points could not be read.');
  const pages = await Promise.all(
    Array.from({ length: Math.ceil(wanted.rows / pageRows) }, (_, page) =>
      api.get('/v1/datasets/{name}/versions/{version}/rows', {
        params: {
          path: { name: ready.name, version: String(ready.version) },
          query: { after: page * pageRows, limit: pageRows },
        },
        signal,
      }),
    ),
  );
  const points = pages.flatMap(({ data }) => data as unknown as Point[]);
  const labels = [...new Set(points.map(({ label }) => label))].sort();
  return { name: ready.name, version: ready.version, points, labels };
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
