/**
 * Checkpoints: the resumable state of a run, under `{prefix}/step-00004690/`. The manifest is written last and removed
 * first, so that a checkpoint is whole or does not exist; a reader verifies it and falls back to an older one.
 *
 * `prefix` is where one run keeps its checkpoints, such as `runs/{id}/checkpoints`. One process at a time writes there.
 */
import { TrainyardError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import type { TrainingState } from './engines/engine.js';
import { decodeManifest, digestOf, encodeManifest, verifyDigest, type FileDigest } from './manifest.js';
import { decodeModelFile, encodeModelFile, type ModelDescription } from './model-file.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

/** Running sums over the epoch under way, so that a resumed run reports the same means. A document. */
export interface TrainingPosition {
  epoch_samples: number;
  epoch_loss_sum: number;
  epoch_correct: number;
}

export interface Checkpoint {
  description: ModelDescription;
  state: TrainingState;
  position: TrainingPosition;
  /** The metrics of the epochs done; JSON of the run's own making. */
  metrics: unknown[];
}

/** manifest.json */
export interface CheckpointManifest {
  format_version: 1;
  /** Steps done. */
  step: number;
  position: TrainingPosition;
  metrics: unknown[];
  files: (FileDigest & { name: string })[];
  created_at: string;
}

/**
 * Writes the checkpoint and removes later ones: a run that fell back behind a damaged checkpoint takes its own way from
 * there, and what lies ahead is no longer part of it.
 */
export async function writeCheckpoint(
  storage: Storage,
  prefix: string,
  checkpoint: Checkpoint & { now: Date },
): Promise<void> {
  const { description, state, position, metrics, now } = checkpoint;
  const contents = {
    'model.safetensors': encodeModelFile(description, state.parameters),
    'optimizer.safetensors': encodeSafetensors(state.optimizer, { format: 'pt' }),
  };
  const files: CheckpointManifest['files'] = [];
  for (const [name, content] of Object.entries(contents)) {
    await storage.put(`${folderOf(prefix, state.step)}/${name}`, content);
    files.push({ name, ...digestOf(content) });
  }
  const manifest: CheckpointManifest = {
    format_version: 1,
    step: state.step,
    position,
    metrics,
    files,
    created_at: now.toISOString(),
  };
  await storage.put(manifestKey(prefix, state.step), encodeManifest(manifest));
  for (const step of await stepsUnder(storage, prefix)) {
    if (step > state.step) await removeCheckpoint(storage, prefix, step);
  }
}

/** The newest whole checkpoint, or null; each newer one that is damaged is reported. One without a manifest is none. */
export async function newestCheckpoint(
  storage: Storage,
  prefix: string,
  onDamaged: (step: number, reason: string) => void,
): Promise<Checkpoint | null> {
  for (const step of (await stepsUnder(storage, prefix)).reverse()) {
    try {
      const checkpoint = await readCheckpoint(storage, prefix, step);
      if (checkpoint !== null) return checkpoint;
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error;
      onDamaged(step, error.message);
    }
  }
  return null;
}

/**
 * The checkpoint of this step, verified; null when there is none.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export async function readCheckpoint(
  storage: Storage,
  prefix: string,
  step: number,
): Promise<Checkpoint | null> {
  const manifest = await readManifest(storage, prefix, step);
  if (manifest === null) return null;
  const read = async (name: string): Promise<Buffer> => {
    const file = manifest.files.find((candidate) => candidate.name === name);
    if (file === undefined)
      throw new TrainyardError('CHECKPOINT_CORRUPT', `The manifest does not name ${name}.`);
    return verifyDigest(name, await storage.read(`${folderOf(prefix, step)}/${name}`), file);
  };
  const { description, parameters } = decodeModelFile(await read('model.safetensors'));
  const { tensors: optimizer } = decodeSafetensors(await read('optimizer.safetensors'));
  const { position, metrics } = manifest;
  return { description, state: { step: manifest.step, parameters, optimizer }, position, metrics };
}

/** The manifests of the checkpoints, by ascending step; the files are not looked at, damaged manifests are left out. */
export async function listCheckpoints(storage: Storage, prefix: string): Promise<CheckpointManifest[]> {
  const manifests: CheckpointManifest[] = [];
  for (const step of await stepsUnder(storage, prefix)) {
    try {
      const manifest = await readManifest(storage, prefix, step);
      if (manifest !== null) manifests.push(manifest);
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error;
    }
  }
  return manifests;
}

/** Keeps the newest `keep` checkpoints and the protected ones; removes the others, and all that is not whole. */
export async function pruneCheckpoints(
  storage: Storage,
  prefix: string,
  keep: number,
  protectedSteps: number[] = [],
): Promise<void> {
  const whole = (await listCheckpoints(storage, prefix)).map(({ step }) => step);
  const kept = new Set([...whole.slice(Math.max(0, whole.length - keep)), ...protectedSteps]);
  for (const step of await stepsUnder(storage, prefix)) {
    if (!kept.has(step)) await removeCheckpoint(storage, prefix, step);
  }
}

async function removeCheckpoint(storage: Storage, prefix: string, step: number): Promise<void> {
  await storage.remove(manifestKey(prefix, step));
  await storage.remove(folderOf(prefix, step));
}

async function readManifest(
  storage: Storage,
  prefix: string,
  step: number,
): Promise<CheckpointManifest | null> {
  const bytes = await storage.read(manifestKey(prefix, step));
  if (bytes === null) return null;
  return decodeManifest('manifest.json', bytes) as CheckpointManifest;
}

/** The steps that have a folder, ascending; it need not hold a whole checkpoint. */
async function stepsUnder(storage: Storage, prefix: string): Promise<number[]> {
  const names = await storage.list(prefix);
  return names
    .flatMap((name) => /^step-(\d{8,})$/.exec(name)?.slice(1).map(Number) ?? [])
    .sort((a, b) => a - b);
}

/** Padded so that a listing sorts by step. */
function folderOf(prefix: string, step: number): string {
  return `${prefix}/step-${String(step).padStart(8, '0')}`;
}

function manifestKey(prefix: string, step: number): string {
  return `${folderOf(prefix, step)}/manifest.json`;
}
