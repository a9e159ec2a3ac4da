/** What the form asks to be trained: only what its reader changed, so that the service chooses the rest. */
import type { JobRequest, Schemas } from '../../service/api.js';

export type Plan = Schemas['JobPlan'];
type ColumnRequests = Extract<NonNullable<JobRequest['columns']>, readonly unknown[]>;
export type ColumnType = NonNullable<ColumnRequests[number]['type']>;
export type ColumnRole = NonNullable<ColumnRequests[number]['role']>;
type Split = NonNullable<JobRequest['split']>;

export interface ColumnChange {
  type?: ColumnType;
  role?: ColumnRole;
}

/** Left out: as the service chooses. */
export interface Choices {
  model?: string | undefined;
  target?: string | undefined;
  task?: 'classification' | 'regression' | undefined;
  columns: ReadonlyMap<string, ColumnChange>;
  split: Split;
  /** The sides of the square that a picture becomes, in pixels. */
  pictureSide?: number | undefined;
  preset?: 'auto' | 'plain' | undefined;
  units?: number[] | undefined;
  dropout?: number | undefined;
  epochs?: number | undefined;
  learningRate?: number | undefined;
  batchSize?: number | undefined;
  /** 0: training does not stop early. */
  patience?: number | undefined;
  ensemble?: number | undefined;
  publishIf?: 'always' | 'better_than_baseline' | undefined;
  engine?: string | undefined;
  seed?: number | undefined;
}

/** What is undefined is the service's choice again. */
export type Changes = Partial<Choices>;

export const noChoices: Choices = { columns: new Map(), split: {} };

/** @param plan what the service chose last; of a layer that is changed in part the rest stays as it is there */
export function requestOf(
  dataset: { name: string; version: number },
  choices: Choices,
  plan: Plan | undefined,
): JobRequest {
  const columns = [...choices.columns].flatMap(([name, { type, role: anyRole }]) => {
    // The target is chosen by `target`.
    const role = name === choices.target ? undefined : anyRole;
    if (type === undefined && role === undefined) return [];
    return [{ name, ...(type !== undefined && { type }), ...(role !== undefined && { role }) }];
  });
  const { model, target, task, split, preset, epochs, batchSize, ensemble, publishIf, engine, seed } =
    choices;
  return {
    dataset,
    ...(model !== undefined && model !== '' && { model }),
    ...(target !== undefined && { target }),
    ...(task !== undefined && { task }),
    ...(columns.length > 0 && { columns }),
    ...(Object.keys(split).length > 0 && { split }),
    ...(choices.pictureSide !== undefined && {
      image: { width: choices.pictureSide, height: choices.pictureSide },
    }),
    ...(preset !== undefined && { preset }),
    ...networkOf(choices, plan),
    ...optimizerOf(choices),
    ...(epochs !== undefined && { epochs }),
    ...(batchSize !== undefined && { batch_size: batchSize }),
    ...(choices.patience !== undefined && { patience: choices.patience === 0 ? null : choices.patience }),
    ...(ensemble !== undefined && { ensemble }),
    ...(publishIf !== undefined && { publish_if: publishIf }),
    ...(engine !== undefined && { engine }),
    ...(seed !== undefined && { seed }),
  };
}

/** The document names only the type of an optimiser; the settings depend on it. */
function optimizerOf({ learningRate }: Choices): Pick<JobRequest, 'optimizer'> {
  if (learningRate === undefined) return {};
  const optimizer: object = { learning_rate: learningRate };
  return { optimizer };
}

function networkOf({ units, dropout }: Choices, plan: Plan | undefined): Pick<JobRequest, 'network'> {
  if (units === undefined && dropout === undefined) return {};
  const planned = plan?.spec.network.hidden ?? [];
  const sizes = units ?? planned.map((layer) => layer.units);
  const [first] = planned;
  const hidden = sizes.map((size) => ({
    units: size,
    ...(first && { activation: first.activation }),
    dropout: dropout ?? first?.dropout ?? 0,
  }));
  return { network: { hidden } };
}

/** `256, 128` → [256, 128]; undefined where a part is no whole number from 1. */
export function parseUnits(text: string): number[] | undefined {
  const parts = text.split(/[\s,;×x]+/).filter((part) => part !== '');
  const units = parts.map(Number);
  return units.every((size) => Number.isInteger(size) && size > 0) ? units : undefined;
}
