/**
 * The card of a version: what it learned from and how, how good it is, what it should not be used for, and how to train it
 * again. All of it follows from what is stored.
 */
import type { EvaluationSummary, Evaluation, SplitSummary } from '../../model/evaluation/evaluation.js';
import { figureNames, type FigureName } from '../../model/evaluation/figures.js';
import type { Task } from '../../model/network/losses.js';
import type { Registry, VersionManifest } from '../../model/registry/registry.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import { trainingSpecOf, type RunSpec, type TrainingSpec } from '../runs/run-spec.js';
import { limitsOf } from './card-limits.js';

/** A document. */
export interface ModelCard {
  object: 'model_card';
  model: string;
  version: number;
  created_at: string;
  task: Task;
  /** The columns of a table that it predicts. */
  target: string[];
  /** Of classes. */
  labels: string[];
  network: { inputs: number; hidden: RunSpec['network']['hidden']; outputs: number };
  parameters: number;
  members: number;
  file: { size_bytes: number; sha256: string };
  /** null: it was not trained here. */
  data: CardData | null;
  recipe: RecipeLine[];
  figures: CardFigures[];
  /** Sentences. */
  limits: string[];
  /** null: it was not trained here. */
  training: { job_id: string; engine: string | null; device: string | null } | null;
  /** The body of the request that trains it again; null: it cannot be. */
  reproduce: { reproduce: { model: string; version: number } } | null;
}

export interface CardData {
  dataset: string;
  version: number | null;
  /** Of the content; null: the job is older than this field. */
  sha256: string | null;
  split: RunSpec['split'];
  /** Of a table. */
  rows: TrainingSpec['rows'] | null;
}

export interface RecipeLine {
  field: string;
  value: unknown;
  /** Why the preset chose it; null: it was asked for, or is the default. */
  reason: string | null;
}

export interface CardFigures {
  split: keyof EvaluationSummary;
  rows: number;
  figures: {
    name: FigureName;
    value: number;
    /** 95 % */
    interval: readonly [number, number] | null;
    constant: number | null;
    linear: number | null;
  }[];
}

export interface ModelCards {
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT, RUN_CORRUPT */
  read(model: string, version: number): Promise<ModelCard>;
}

export function createModelCards(options: {
  registry: Pick<Registry, 'manifest' | 'evaluation'>;
  runs: Pick<RunReader, 'read'>;
}): ModelCards {
  const { registry, runs } = options;
  return {
    async read(model, version) {
      const manifest = await registry.manifest(model, version);
      const [run, evaluation] = await Promise.all([
        runs.read(manifest.run_id),
        registry.evaluation(manifest),
      ]);
      return cardOf(manifest, run, evaluation);
    },
  };
}

function cardOf(manifest: VersionManifest, run: RunState | null, evaluation: Evaluation | null): ModelCard {
  const { model, version, created_at, head, table, network, parameters, ensemble = 1, file } = manifest;
  return {
    object: 'model_card',
    model,
    version,
    created_at,
    task: head.kind === 'classes' ? 'classification' : 'regression',
    target: table?.targets ?? [],
    labels: head.kind === 'classes' ? head.labels : [],
    network: { inputs: network.inputs, hidden: network.hidden, outputs: network.outputs },
    parameters,
    members: ensemble,
    file: { size_bytes: file.size_bytes, sha256: file.sha256 },
    data: run && dataOf(run.spec),
    recipe: run ? recipeOf(run.spec) : [],
    figures: figuresOf(manifest.evaluation?.summary ?? {}),
    limits: limitsOf(manifest, run?.spec ?? null, evaluation),
    training: run && trainingOf(run),
    reproduce: run && { reproduce: { model, version } },
  };
}

function dataOf(spec: RunSpec): CardData {
  const { name, version, sha256 } = spec.dataset;
  return { dataset: name, version, sha256, split: spec.split, rows: spec.table?.rows ?? null };
}

function trainingOf({ id, summary: { engine } }: RunState): NonNullable<ModelCard['training']> {
  return { job_id: id, engine: engine?.name ?? null, device: engine?.device ?? null };
}

/** Of the spec, what decides the numbers. Columns and rows are data. */
const recipeFields = [
  'preset',
  'init_from',
  'loss',
  'encoding',
  'class_weight',
  'optimizer',
  'augment',
  'label_smoothing',
  'ensemble',
  'epochs',
  'batch_size',
  'monitor',
  'patience',
  'min_epochs',
  'calibrated',
  'threshold',
  'positive',
  'publish',
  'publish_if',
  'seed',
] as const satisfies (keyof TrainingSpec)[];

function recipeOf(spec: RunSpec): RecipeLine[] {
  const shown = trainingSpecOf(spec);
  const { reasons = {} } = spec;
  const hidden = {
    field: 'network.hidden',
    value: spec.network.hidden,
    reason: reasons['network.hidden'] ?? null,
  };
  const lines = recipeFields
    .filter((field) => shown[field] !== undefined)
    .map((field) => ({ field, value: shown[field], reason: reasonFor(field, reasons) }));
  return [hidden, ...lines];
}

/** A part of a field may have a reason of its own. */
function reasonFor(field: string, reasons: Record<string, string>): string | null {
  const own = Object.entries(reasons).filter(([name]) => name === field || name.startsWith(`${field}.`));
  return own.length === 0 ? null : own.map(([, reason]) => reason).join(' ');
}

function figuresOf(summary: EvaluationSummary): CardFigures[] {
  return (['test', 'validation'] as const).flatMap((split) => {
    const found = summary[split];
    return found ? [figuresOfSplit(split, found)] : [];
  });
}

function figuresOfSplit(
  split: CardFigures['split'],
  { rows, figures, intervals, baselines }: SplitSummary,
): CardFigures {
  const known = figureNames.flatMap((name) => {
    const value = figures[name];
    if (value === undefined) return [];
    const { constant, linear } = baselines;
    return [
      {
        name,
        value,
        interval: intervals[name] ?? null,
        constant: constant[name] ?? null,
        linear: linear?.[name] ?? null,
      },
    ];
  });
  return { split, rows, figures: known };
}
