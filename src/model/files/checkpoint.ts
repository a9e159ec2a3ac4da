/**
 * Checkpoints: the resumable state of a run, under `{prefix}/step-00004690.000003/`, for its step and the term of its
 * writer. The manifest is written last and removed first, so that a checkpoint is whole or does not exist; a reader
 * verifies it and falls back to an older one.
 *
 * `prefix` is where one run keeps its checkpoints, such as `runs/{id}/checkpoints`. A term has one writer. A later writer
 * goes on from what earlier ones left: its checkpoints are newer even where their steps are lower. A writer whose term is
 * over cannot touch them.
 */
import { TrainyardError } from '../../errors.js';
import { isStorageFailure, unreadableAs, type Storage } from '../../storage/storage.js';
import type { TrainingState } from '../network/initialization.js';
import { decodeManifest, digestOf, encodeManifest, verifyDigest, type FileDigest } from './manifest.js';
import { decodeModelFile, encodeModelFile, type ModelDescription } from './model-file.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

/** Running sums over samples, such as those of the epoch under way: a resumed run reports the same means. A document. */
export interface TrainingSums {
  samples: number;
  weight_sum: number;
  /** Of the weighted losses. */
  loss_sum: number;
  /** Of what the task's metric adds up: correct answers for classes, squared errors for values; each by the weight of its row. */
  metric_sum: number;
  /** Of the weights of the rows, without those of their classes. Left out: all rows count the same. */
  row_weight_sum?: number;
}

export interface Checkpoint {
  description: ModelDescription;
  state: TrainingState;
  /** Over the epoch under way. */
  position: TrainingSums;
  /** The metrics of the epochs done; JSON of the run's own making. */
  metrics: unknown[];
}

/** manifest.json */
export interface CheckpointManifest {
  format_version: 2;
  /** Steps done. */
  step: number;
  position: TrainingSums;
  metrics: unknown[];
  files: (FileDigest & { name: string })[];
  created_at: string;
}

/** It knew no weights, and classes only. */
type ManifestOfFormat1 = Omit<CheckpointManifest, 'format_version' | 'position'> & {
  format_version: 1;
  position: { epoch_samples: number; epoch_loss_sum: number; epoch_correct: number };
};

const modelFile = 'model.safetensors';
const optimizerFile = 'optimizer.safetensors';

export async function writeCheckpoint(
  storage: Storage,
  prefix: string,
  checkpoint: Checkpoint & { term: number; now: Date },
): Promise<void> {
  const { description, state, position, metrics, term, now } = checkpoint;
  const place = { step: state.step, term };
  const contents = {
    [modelFile]: encodeModelFile(description, state.parameters),
    [optimizerFile]: encodeSafetensors(state.optimizer, { format: 'pt' }),
  };
  const files: CheckpointManifest['files'] = [];
  for (const [name, content] of Object.entries(contents)) {
    await storage.put(`${folderOf(prefix, place)}/${name}`, content);
    files.push({ name, ...digestOf(content) });
  }
  const manifest: CheckpointManifest = {
    format_version: 2,
    step: state.step,
    position,
    metrics,
    files,
    created_at: now.toISOString(),
  };
  await storage.put(manifestKey(prefix, place), encodeManifest(manifest));
}

/** The newest whole checkpoint, or null; each newer one that is damaged is reported. Without a manifest there is none. */
export async function newestCheckpoint(
  storage: Storage,
  prefix: string,
  onDamaged: (step: number, reason: string) => void,
): Promise<Checkpoint | null> {
  for (const place of await newestFirst(storage, prefix)) {
    try {
      const checkpoint = await readAt(storage, prefix, place);
      if (checkpoint !== null) return checkpoint;
    } catch (error) {
      if (!(error instanceof TrainyardError) || isStorageFailure(error)) throw error;
      onDamaged(place.step, error.message);
    }
  }
  return null;
}

/**
 * The newest checkpoint of this step, verified; null when there is none.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export async function readCheckpoint(
  storage: Storage,
  prefix: string,
  step: number,
): Promise<Checkpoint | null> {
  return newestAt(storage, prefix, step, readAt);
}

/**
 * The model file of the newest checkpoint of this step: the bytes, as their digest says; null when there is none.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export async function readCheckpointModel(
  storage: Storage,
  prefix: string,
  step: number,
): Promise<Buffer | null> {
  return newestAt(storage, prefix, step, async (...at) => (await openAt(...at))?.read(modelFile) ?? null);
}

/** Where a checkpoint's model file lies, and what it must be. */
export interface CheckpointModelFile {
  step: number;
  key: string;
  file: FileDigest;
}

/** Of the newest checkpoint of this step, or of all; null: there is none. Checkpoints with a damaged manifest are passed over. */
export async function findCheckpointModel(
  storage: Storage,
  prefix: string,
  step: number | 'latest',
): Promise<CheckpointModelFile | null> {
  for (const place of await newestFirst(storage, prefix)) {
    if (step !== 'latest' && place.step !== step) continue;
    const manifest = await manifestUnlessDamaged(storage, prefix, place);
    const file = manifest?.files.find(({ name }) => name === modelFile);
    if (file !== undefined) return { step: place.step, key: `${folderOf(prefix, place)}/${modelFile}`, file };
  }
  return null;
}

/** The first answer that is not null, of the checkpoints of this step, the newest first. */
async function newestAt<Answer>(
  storage: Storage,
  prefix: string,
  step: number,
  read: (storage: Storage, prefix: string, place: Place) => Promise<Answer | null>,
): Promise<Answer | null> {
  for (const place of await newestFirst(storage, prefix)) {
    const answer = place.step === step ? await read(storage, prefix, place) : null;
    if (answer !== null) return answer;
  }
  return null;
}

async function readAt(storage: Storage, prefix: string, place: Place): Promise<Checkpoint | null> {
  const found = await openAt(storage, prefix, place);
  if (found === null) return null;
  const { description, parameters } = decodeModelFile(await found.read(modelFile));
  const { tensors: optimizer } = decodeSafetensors(await found.read(optimizerFile));
  const { step, position, metrics } = found.manifest;
  return { description, state: { step, parameters, optimizer }, position, metrics };
}

interface FoundCheckpoint {
  manifest: CheckpointManifest;
  /** Of a file by its name: the bytes, verified. */
  read(name: string): Promise<Buffer>;
}

/** null: there is none. Whatever cannot be read of it is CHECKPOINT_CORRUPT. */
async function openAt(blobs: Storage, prefix: string, place: Place): Promise<FoundCheckpoint | null> {
  const storage = unreadableAs('CHECKPOINT_CORRUPT', blobs);
  const manifest = await readManifest(storage, prefix, place);
  return (
    manifest && {
      manifest,
      async read(name) {
        const file = manifest.files.find((candidate) => candidate.name === name);
        if (file === undefined)
          throw new TrainyardError('CHECKPOINT_CORRUPT', `The manifest does not name ${name}.`);
        return verifyDigest(name, await storage.read(`${folderOf(prefix, place)}/${name}`), file);
      },
    }
  );
}

/** The manifests of the checkpoints, newest first; the files are not looked at, damaged manifests are left out. */
export async function listCheckpoints(storage: Storage, prefix: string): Promise<CheckpointManifest[]> {
  return (await manifestsUnder(storage, prefix)).map(({ manifest }) => manifest);
}

/**
 * Keeps the newest `keep` checkpoints and the newest one of each protected step. Removes the others and all that is not
 * whole, but nothing of a later term than the caller's.
 */
export async function pruneCheckpoints(
  storage: Storage,
  prefix: string,
  options: { keep: number; protectedSteps?: number[]; term: number },
): Promise<void> {
  const { keep, protectedSteps = [], term } = options;
  const whole = (await manifestsUnder(storage, prefix)).map(({ place }) => place);
  const kept = new Set(whole.slice(0, keep).map(nameOf));
  for (const step of protectedSteps) {
    const newest = whole.find((place) => place.step === step);
    if (newest !== undefined) kept.add(nameOf(newest));
  }
  for (const place of await newestFirst(storage, prefix)) {
    if (place.term <= term && !kept.has(nameOf(place))) await removeCheckpoint(storage, prefix, place);
  }
}

/** Which checkpoint: a step may have one of each term. */
interface Place {
  step: number;
  term: number;
}

async function manifestsUnder(
  storage: Storage,
  prefix: string,
): Promise<{ place: Place; manifest: CheckpointManifest }[]> {
  const found: { place: Place; manifest: CheckpointManifest }[] = [];
  for (const place of await newestFirst(storage, prefix)) {
    const manifest = await manifestUnlessDamaged(storage, prefix, place);
    if (manifest !== null) found.push({ place, manifest });
  }
  return found;
}

async function manifestUnlessDamaged(
  storage: Storage,
  prefix: string,
  place: Place,
): Promise<CheckpointManifest | null> {
  try {
    return await readManifest(storage, prefix, place);
  } catch (error) {
    if (!(error instanceof TrainyardError) || isStorageFailure(error)) throw error;
    return null;
  }
}

async function removeCheckpoint(storage: Storage, prefix: string, place: Place): Promise<void> {
  await storage.remove(manifestKey(prefix, place));
  await storage.remove(folderOf(prefix, place));
}

async function readManifest(
  storage: Storage,
  prefix: string,
  place: Place,
): Promise<CheckpointManifest | null> {
  const bytes = await storage.read(manifestKey(prefix, place));
  if (bytes === null) return null;
  return upgradeManifest(decodeManifest('manifest.json', bytes) as CheckpointManifest | ManifestOfFormat1);
}

function upgradeManifest(manifest: CheckpointManifest | ManifestOfFormat1): CheckpointManifest {
  if (manifest.format_version === 2) return manifest;
  const { epoch_samples: samples, epoch_loss_sum: loss_sum, epoch_correct: metric_sum } = manifest.position;
  return { ...manifest, format_version: 2, position: { samples, weight_sum: samples, loss_sum, metric_sum } };
}

/** All that have a folder, which need not hold a whole checkpoint. */
async function newestFirst(storage: Storage, prefix: string): Promise<Place[]> {
  const names = await storage.list(prefix);
  const places = names.flatMap((name) => {
    const match = /^step-(\d{8,})\.(\d{6,})$/.exec(name);
    return match === null ? [] : [{ step: Number(match[1]), term: Number(match[2]) }];
  });
  return places.sort((a, b) => b.term - a.term || b.step - a.step);
}

function nameOf({ step, term }: Place): string {
  return `step-${String(step).padStart(8, '0')}.${String(term).padStart(6, '0')}`;
}

function folderOf(prefix: string, place: Place): string {
  return `${prefix}/${nameOf(place)}`;
}

function manifestKey(prefix: string, place: Place): string {
  return `${folderOf(prefix, place)}/manifest.json`;
}
