/** Where the pages that look inside get networks and pictures from: versions of models, and jobs that train. */
import { api, type Job, type JobRequest, type Model } from '../../service/api.js';
import type { SeePicture } from './digit-reader.js';

/** A model as its newest version has it, and the job that trains it now. */
export interface Inside {
  version: number | null;
  /** Of the version. */
  versionJob: string | null;
  /** Not ended; null: none. */
  activeJob: string | null;
}

export async function findInside(name: string, signal: AbortSignal): Promise<Inside> {
  const [model, jobs] = await Promise.all([
    api.get('/v1/models/{name}', { params: { path: { name } }, signal }).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return null;
    }),
    api.get('/v1/jobs', { params: { query: { model: name, limit: 10 } }, signal }),
  ]);
  const version = model?.latest_version ?? null;
  const versionJob = model?.versions.find((each) => each.version === version)?.job_id ?? null;
  const active = jobs.data.find(isActive);
  return { version, versionJob, activeJob: active?.id ?? null };
}

function isActive({ status }: Job): boolean {
  return status === 'running' || status === 'queued' || status === 'paused';
}

function isMissing(error: unknown): boolean {
  return (error as { status?: number }).status === 404;
}

/** The newest model that takes 28 × 28 pixels and names digits; null: there is none. */
export async function findDigitModel(signal: AbortSignal): Promise<{ name: string; version: number } | null> {
  const { data } = await api.get('/v1/models', { params: { query: { limit: 100 } }, signal });
  const newest = data
    .filter(({ latest_version: version }) => version !== null)
    .sort((one, other) => ((one.created_at ?? '') < (other.created_at ?? '') ? 1 : -1));
  for (const { name, latest_version: version } of newest) {
    const model = await api.get('/v1/models/{name}', { params: { path: { name } }, signal });
    if (version !== null && readsDigits(model, version)) return { name, version };
  }
  return null;
}

const digits = '0123456789';

function readsDigits({ versions }: Model, version: number): boolean {
  const latest = versions.find((each) => each.version === version);
  return latest?.network.inputs === 28 * 28 && latest.labels.join('') === digits;
}

/** The classic example, with so many checkpoints that one can watch it learn. */
export const digitJob: JobRequest = {
  model: 'mnist-mlp',
  dataset: 'mnist',
  checkpoint: { every_seconds: 0.4, keep: 60 },
};

export function seeByVersion(model: string, version: number): SeePicture {
  return (png) => see(`/predict?${new URLSearchParams({ model, version: String(version) })}`, png);
}

export function seeByJob(jobId: string): SeePicture {
  return (png) => see(`/v1/jobs/${encodeURIComponent(jobId)}/checkpoints/latest/predict?`, png);
}

async function see(path: string, png: Blob): Promise<number[]> {
  const answer = await api.fetch(`${path}&network_inputs=true&probabilities=false`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: png,
  });
  const { predictions } = (await answer.json()) as { predictions: { network_inputs?: number[] }[] };
  return predictions[0]?.network_inputs ?? [];
}
