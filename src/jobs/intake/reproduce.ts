/** From "train this version again" to a spec: that of the job which trained it, with its data and its engine pinned. */
import { TrainyardError } from '../../errors.js';
import { engineNames } from '../../model/engines/select.js';
import type { Aliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { Registry, VersionManifest } from '../../model/registry/registry.js';
import type { JobRequest } from '../runs/job-request.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import type { RunSpec } from '../runs/run-spec.js';
import { engineOf } from '../runs/summarize-events.js';
import type { JobDatasets } from '../runs/table-rows.js';
import { defaults } from './defaults.js';

export interface Reproducible {
  runs: Pick<RunReader, 'read'>;
  models: { registry: Pick<Registry, 'manifest'>; aliases: Pick<Aliases, 'names'> };
  datasets: Pick<JobDatasets, 'info'>;
}

/** What else a job that reproduces may ask for: none of it changes a bit. */
const allowedBeside = ['reproduce', 'priority', 'time_limit_seconds', 'webhook', 'metadata'];

const pointer = '/reproduce';

/**
 * @throws TrainyardError INVALID_REQUEST for a version that no job here trained, or another field; MODEL_NOT_FOUND, VERSION_NOT_FOUND,
 * DATASET_NOT_FOUND, DATASET_VERSION_NOT_FOUND, DATASET_CHANGED, INIT_FROM_CHANGED, ENGINE_UNAVAILABLE
 */
export async function specToReproduce(
  request: JobRequest & Required<Pick<JobRequest, 'reproduce'>>,
  { runs, models, datasets }: Reproducible,
  now: Date,
  origin: Pick<RunSpec, 'idempotency_key' | 'trace_context' | 'webhook'>,
): Promise<RunSpec> {
  refuseOtherFields(request);
  const manifest = await atReproduce(() => manifestOf(models, request.reproduce));
  const run = await runs.read(manifest.run_id);
  if (run === null) throw withoutJob(manifest);
  await atReproduce(() => refuseChangedData(datasets, manifest, run.spec));
  await atReproduce(() => refuseChangedSource(models.registry, run.spec));
  const { model, version, run_id, step, file } = manifest;
  return {
    ...run.spec,
    engine: engineThatTrained(run),
    reproduce: {
      model,
      version,
      sha256: file.sha256,
      job_id: run_id,
      step,
      device: run.summary.engine?.device ?? null,
    },
    priority: request.priority ?? defaults.priority,
    time_limit_seconds: request.time_limit_seconds ?? null,
    metadata: request.metadata ?? {},
    ...origin,
    created_at: now.toISOString(),
  };
}

function refuseOtherFields(request: JobRequest): void {
  const other = Object.keys(request).find((field) => !allowedBeside.includes(field));
  if (other === undefined) return;
  const message = `A job that reproduces a version takes everything from it: leave ${other} out.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/${other}` });
}

async function manifestOf(
  { registry, aliases }: Reproducible['models'],
  { model, version }: NonNullable<JobRequest['reproduce']>,
): Promise<VersionManifest> {
  // Without any version, 1 is not there either.
  return registry.manifest(model, version ?? (await aliases.names(model)).versions.get(latestAlias) ?? 1);
}

function withoutJob({ model, version }: VersionManifest): TrainyardError {
  const message =
    `No job here trained version ${version} of ${model}, or its files are gone: it was imported, or the job was deleted. ` +
    'Without the job nothing says how it was trained.';
  return new TrainyardError('INVALID_REQUEST', message, { pointer });
}

async function refuseChangedData(
  datasets: Reproducible['datasets'],
  { model, version }: VersionManifest,
  { dataset: { name, version: pinned, sha256 } }: RunSpec,
): Promise<void> {
  const info = await datasets.info(name, pinned ?? undefined);
  if (sha256 === null || info.sha256 === sha256) return;
  const message =
    `Version ${version} of ${model} was trained on ${name} with the SHA-256 ${sha256}, and ${name} holds other data now, with ` +
    `${info.sha256}. Upload the same file again.`;
  throw new TrainyardError('DATASET_CHANGED', message);
}

async function refuseChangedSource(
  registry: Pick<Registry, 'manifest'>,
  { init_from }: RunSpec,
): Promise<void> {
  if (init_from === undefined) return;
  const { model, version, sha256 } = init_from;
  const { file } = await registry.manifest(model, version);
  if (file.sha256 === sha256) return;
  const message = `Training began with version ${version} of ${model}, and that holds other parameters now.`;
  throw new TrainyardError('INIT_FROM_CHANGED', message);
}

/** @throws TrainyardError ENGINE_UNAVAILABLE for one that this service does not have */
function engineThatTrained({ spec, summary }: RunState): string {
  const engine = engineOf(spec, summary);
  if (engineNames.includes(engine)) return engine;
  const message = `It was trained on the engine ${engine}, which this service does not have. Engines: ${engineNames.join(', ')}.`;
  throw new TrainyardError('ENGINE_UNAVAILABLE', message, { pointer });
}

async function atReproduce<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    throw new TrainyardError(error.code, error.message, { pointer, cause: error });
  }
}
