/** The jobs to compare: loaded page by page, kept up to date while one of them is under way, and filtered. */
import { formatName } from '../../parts/format.js';
import { api, type Job } from '../../service/api.js';

export interface JobsLoaded {
  jobs: Job[];
  hasMore: boolean;
}

const pageSize = 100;

/** The newest `count` jobs. */
export async function loadJobs(count: number, signal: AbortSignal): Promise<JobsLoaded> {
  const jobs: Job[] = [];
  for (;;) {
    const after = jobs.at(-1)?.id;
    const query = { limit: pageSize, ...(after !== undefined && { after }) };
    const page = await api.get('/v1/jobs', { params: { query }, signal });
    jobs.push(...page.data);
    if (!page.has_more || jobs.length >= count) return { jobs, hasMore: page.has_more };
  }
}

export interface Filter {
  status: string;
  model: string;
  dataset: string;
}

export function matches(job: Job, { status, model, dataset }: Filter): boolean {
  return (
    (status === '' || job.status === status) &&
    (model === '' || job.model === model) &&
    (dataset === '' || job.dataset === dataset)
  );
}

/** Figures of the best epoch, or of the last one where no validation rows say which is the best. */
export function figuresOf(job: Job): Partial<NonNullable<Job['metrics']>> {
  return job.best_metrics ?? job.metrics ?? {};
}

export const figureNames = [
  'validation_loss',
  'validation_accuracy',
  'validation_rmse',
  'test_loss',
  'test_accuracy',
  'test_rmse',
  'train_loss',
  'train_accuracy',
  'train_rmse',
] as const;

export type FigureName = (typeof figureNames)[number];

/** Those that at least one of the jobs has, the most telling first. */
export function figuresIn(jobs: readonly Job[]): FigureName[] {
  return figureNames.filter((name) => jobs.some((job) => figuresOf(job)[name] !== undefined));
}

/** `validation_rmse` → `Validation RMSE` */
export function figureTitle(name: FigureName): string {
  return formatName(name).replace('rmse', 'RMSE');
}

/** Short enough for a legend, and told apart from other jobs for the same model. */
export function nameOf({ id, model }: Pick<Job, 'id' | 'model'>): string {
  return `${model} …${id.slice(-4)}`;
}

export function secondsOf({ started_at: started, finished_at: finished }: Job): number | null {
  if (started === null) return null;
  return ((finished === null ? Date.now() : Date.parse(finished)) - Date.parse(started)) / 1_000;
}
