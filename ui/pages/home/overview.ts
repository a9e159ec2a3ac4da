/** What the first page shows, in three requests. */
import { api, type DatasetSummary, type Job, type Schemas } from '../../service/api.js';

export type ModelSummary = Schemas['ModelList']['data'][number];

export interface Overview {
  active: Job[];
  models: ModelSummary[];
  datasets: DatasetSummary[];
}

const shown = 6;

export async function loadOverview(signal: AbortSignal): Promise<Overview> {
  const [jobs, models, datasets] = await Promise.all([
    api.get('/v1/jobs', { params: { query: { limit: 50 } }, signal }),
    api.get('/v1/models', { params: { query: { limit: 100 } }, signal }),
    api.get('/v1/datasets', { params: { query: { limit: shown } }, signal }),
  ]);
  return {
    active: jobs.data.filter(
      ({ status }) => status === 'running' || status === 'queued' || status === 'paused',
    ),
    // The time of one that has no version yet is null.
    models: models.data
      .toSorted((one, other) => ((one.created_at ?? '') < (other.created_at ?? '') ? 1 : -1))
      .slice(0, shown),
    datasets: datasets.data,
  };
}
