/** What the first page shows, in three requests. */
import { api, type DatasetSummary, type Job } from '../../service/api.js';

/** A model with the job that made its newest version, where that job still exists. */
export interface NewestModel {
  name: string;
  version: number | null;
  /** null while no version is published. */
  createdAt: string | null;
  job: Job | undefined;
}

export interface Overview {
  active: Job[];
  models: NewestModel[];
  datasets: DatasetSummary[];
}

const shown = 6;

export async function loadOverview(signal: AbortSignal): Promise<Overview> {
  const [jobs, models, datasets] = await Promise.all([
    api.get('/v1/jobs', { params: { query: { limit: 50 } }, signal }),
    api.get('/v1/models', { params: { query: { limit: 100 } }, signal }),
    api.get('/v1/datasets', { params: { query: { limit: shown } }, signal }),
  ]);
  const newest = [...models.data].sort((one, other) =>
    (one.created_at ?? '') < (other.created_at ?? '') ? 1 : -1,
  );
  return {
    active: jobs.data.filter(
      ({ status }) => status === 'running' || status === 'queued' || status === 'paused',
    ),
    models: newest.slice(0, shown).map(({ name, latest_version: version, created_at: createdAt }) => ({
      name,
      version,
      createdAt,
      job: jobs.data.find((job) => job.model === name && job.version === version),
    })),
    datasets: datasets.data,
  };
}
