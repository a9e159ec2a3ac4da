/** What a job trains on where the dataset is a table. */
import { TrainyardError } from '../../../errors.js';
import { isNumeric } from '../../../lib/cells/cell-format.js';
import { plannedWidth } from '../../../model/preprocessing/table.js';
import type { JobRequest } from '../../runs/job-request.js';
import type { TableSpec } from '../../runs/run-spec.js';
import { plansOf } from '../../runs/table-rows.js';
import { refuseAugmentOfTable } from '../augment.js';
import { defaults } from '../defaults.js';
import { autoTable, type TableFacts } from '../presets/auto-table.js';
import { plainTable } from '../presets/plain.js';
import type { TableRecipe } from '../presets/recipe.js';
import type { TableWork, Work } from './work.js';

export function workOfTable(
  request: JobRequest,
  { info, split, table }: TableWork,
  limitBytes: number,
): Work {
  refuseAugmentOfTable(request.augment, info.name);
  const { targets, columns, rows, class_weight } = table;
  const { train, validation, test } = rows;
  const preset = request.preset ?? defaults.preset.tables;
  const recipe = preset === 'auto' ? autoTable(factsOf(table, limitBytes)) : plainTableFor(validation);
  const encoded = { ...table, ...resolveEncoding(request, recipe) };
  return {
    name: info.name,
    split,
    table: encoded,
    inputs: plannedWidth(plansOf(encoded)),
    targets,
    trainCount: train,
    samples: {
      count: train + validation + test,
      hasWeights: class_weight !== 'none' || columns.some(({ role }) => role === 'weight'),
    },
    scaling: null,
    augment: {},
    model: info.name,
    preset,
    recipe,
  };
}

/** @throws TrainyardError INVALID_REQUEST for bins that nothing is divided into */
function resolveEncoding(
  { encoding: asked, bins }: JobRequest,
  recipe: TableRecipe,
): Pick<TableSpec, 'encoding' | 'bins'> {
  const encoding = asked ?? recipe.encoding;
  if (encoding === 'piecewise') return { encoding, bins: bins ?? recipe.bins };
  if (bins === undefined) return { encoding };
  const message = `bins are for the encoding piecewise, and this job has ${encoding}: add "encoding": "piecewise".`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/bins' });
}

function plainTableFor(validation: number): TableRecipe {
  return validation > 0 ? plainTable : { ...plainTable, patience: null, publish: 'final' };
}

/** The part of the memory limit that the inputs of a table may take where a preset chooses. */
const inputsShare = 0.5;

function factsOf(table: TableSpec, limitBytes: number): TableFacts {
  const { train, validation, test } = table.rows;
  const inputsWith: TableFacts['inputsWith'] = (encoded) => plannedWidth(plansOf({ ...table, ...encoded }));
  const bytesPerInput = (train + validation + test) * Float32Array.BYTES_PER_ELEMENT;
  return {
    rows: table.rows,
    learns: table.targets.kind,
    numberColumns: table.columns.filter(
      ({ role, format }) => role === 'feature' && isNumeric(format) && format.type !== 'boolean',
    ).length,
    inputsWith,
    hasRoomFor: (encoded) => bytesPerInput * inputsWith(encoded) <= inputsShare * limitBytes,
  };
}
