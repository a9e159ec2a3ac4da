/**
 * The published version whose parameters a job starts from. Its inputs must mean what they meant when it was trained: the job
 * takes its preprocessing over, and is refused where its data has no such inputs.
 */
import { TrainyardError } from '../../errors.js';
import type { ModelDescription } from '../../model/files/model-file.js';
import type { Aliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import type { Registry } from '../../model/registry/registry.js';
import type { NetworkSpec } from '../../model/network/network.js';
import type { AffineMap } from '../../model/preprocessing/affine.js';
import type { ColumnSpec, SourcePin } from '../runs/run-spec.js';
import type { HiddenLayerRequest, JobRequest } from '../runs/job-request.js';

export interface Source {
  pin: SourcePin;
  description: ModelDescription;
}

/** The published models that jobs may start from. */
export interface JobModels {
  registry: Pick<Registry, 'load' | 'manifest'>;
  aliases: Pick<Aliases, 'names'>;
}

/**
 * null: the job starts anew.
 * @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT
 */
export async function readSource(
  { registry, aliases }: JobModels,
  { init_from }: Pick<JobRequest, 'init_from'>,
): Promise<Source | null> {
  if (init_from === undefined) return null;
  const { model } = init_from;
  const version = init_from.version ?? (await aliases.names(model)).versions.get(latestAlias);
  try {
    // Without any version, 1 is not there either.
    const { manifest, description } = await registry.load(model, version ?? 1);
    return { pin: { model, version: manifest.version, sha256: manifest.file.sha256 }, description };
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    throw new TrainyardError(error.code, error.message, { pointer: '/init_from', cause: error });
  }
}

/** What the job brings, before it is known to fit. */
interface Offered {
  inputs: number;
  targets: { kind: 'classes' | 'values' };
  /** Of a table. */
  columns: readonly ColumnSpec[] | undefined;
  scaling: AffineMap | null;
  /** Members. */
  ensemble: number;
}

/**
 * The inputs and the hidden layers of a network that starts from the source: its own, with the dropout that the request asks for.
 * @throws TrainyardError INVALID_REQUEST with all that differs
 */
export function fitToSource(
  { pin, description }: Source,
  asked: readonly HiddenLayerRequest[] | undefined,
  offered: Offered,
): Pick<NetworkSpec, 'inputs' | 'hidden'> {
  const { network, head, preprocessing } = description;
  const name = `version ${pin.version} of ${pin.model}`;
  refuseOtherMembers(name, description.ensemble ?? 1, offered.ensemble);
  if (head.kind !== offered.targets.kind) {
    throw refusal(`${name} predicts ${head.kind}, and this job learns ${offered.targets.kind}.`);
  }
  if ((preprocessing === undefined) !== (offered.columns === undefined)) {
    const what = (isTable: boolean): string => (isTable ? 'the columns of a table' : 'arrays of numbers');
    throw refusal(
      `${name} takes ${what(preprocessing !== undefined)}, and this job has ${what(offered.columns !== undefined)}.`,
    );
  }
  if (preprocessing !== undefined && offered.columns !== undefined) {
    refuseOtherColumns(name, preprocessing.columns, offered.columns);
  } else if (network.inputs !== offered.inputs) {
    throw refusal(
      `${name} takes ${network.inputs} numbers, and the samples of this job have ${offered.inputs}.`,
    );
  } else if ((description.scaling === null) !== (offered.scaling === null)) {
    throw refusal(
      `${name} and this job do not take numbers of the same kind: only one of them scales bytes.`,
    );
  }
  return { inputs: network.inputs, hidden: fitHidden(name, network.hidden, asked) };
}

/** A single network can start all members. */
function refuseOtherMembers(name: string, members: number, asked: number): void {
  if (members === 1 || members === asked) return;
  const message =
    `${name} is an ensemble of ${members}, and this job trains ${asked === 1 ? 'one network' : `an ensemble of ${asked}`}. ` +
    `Ask for "ensemble": ${members}, or start from a version that is a single network.`;
  throw new TrainyardError('INVALID_REQUEST', capitalized(message), { pointer: '/ensemble' });
}

function fitHidden(
  name: string,
  hidden: NetworkSpec['hidden'],
  asked: readonly HiddenLayerRequest[] | undefined,
): NetworkSpec['hidden'] {
  if (asked === undefined) return hidden;
  const merged = hidden.map((layer, i) => ({ ...layer, ...asked[i] }));
  const isSame =
    asked.length === hidden.length &&
    merged.every(({ units, activation }, i) => {
      return units === hidden[i]?.units && activation === hidden[i].activation;
    });
  if (isSame) return merged;
  const shown = hidden.map(({ units, activation }) => `${units} ${activation}`).join(', ') || 'none';
  const message = `The hidden layers of ${name} are: ${shown}. A job that starts from it has the same: leave network.hidden out.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/network/hidden' });
}

function refuseOtherColumns(
  name: string,
  taken: readonly Pick<ColumnSpec, 'name' | 'format'>[],
  columns: readonly ColumnSpec[],
): void {
  const features = new Map(
    columns.filter(({ role }) => role === 'feature').map((column) => [column.name, column.format.type]),
  );
  const known = new Set(taken.map((column) => column.name));
  const differences = [
    ...taken.flatMap((column) => {
      const type = features.get(column.name);
      const quoted = JSON.stringify(column.name);
      if (type === undefined)
        return [`it takes ${quoted} (${column.format.type}), which is no feature of this job`];
      return type === column.format.type
        ? []
        : [`it takes ${quoted} as ${column.format.type}, and this job has it as ${type}`];
    }),
    ...[...features.keys()]
      .filter((column) => !known.has(column))
      .map((column) => `it does not take ${JSON.stringify(column)}: give that the role ignore`),
  ];
  if (differences.length === 0) return;
  const shown = differences.slice(0, mostShown).join('; ');
  const more = differences.length > mostShown ? `; and ${differences.length - mostShown} more` : '';
  throw refusal(`The columns of ${name} are others than those of this job: ${shown}${more}.`);
}

const mostShown = 10;

function refusal(problem: string): TrainyardError {
  const message = `${capitalized(problem)} A job can start only from a model that takes the same inputs.`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: '/init_from' });
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
