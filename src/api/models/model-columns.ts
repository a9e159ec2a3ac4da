/** What a model takes and gives, as the API shows it. */
import Type, { type Static } from 'typebox';
import type { Head } from '../../model/heads/head.js';
import type { VersionManifest } from '../../model/registry/registry.js';
import { shownColumn, type SignatureColumn } from '../../model/registry/table-signature.js';

const bound = (description: string) =>
  Type.Optional(Type.Unsafe<number | string>({ type: ['number', 'string'], description }));

export const ModelColumn = Type.Object(
  {
    name: Type.String(),
    type: Type.Unsafe<SignatureColumn['format']['type']>({
      type: 'string',
      enum: ['number', 'boolean', 'datetime', 'category', 'id', 'text'],
    }),
    missing: Type.Integer({
      description: 'In how many training rows it had no value. A row that is sent may lack it in any case.',
    }),
    min: bound('Of numbers and datetimes: the least in the training rows.'),
    max: bound('The greatest in the training rows.'),
    typical: Type.Optional(
      Type.Unsafe<number | string | boolean>({
        type: ['number', 'string', 'boolean'],
        description:
          'The median of numbers and datetimes in the training rows, of others the commonest value. Left out where all cells were empty.',
      }),
    ),
    levels: Type.Optional(
      Type.Array(Type.String(), { description: 'Of categories: the commonest values of the training rows.' }),
    ),
    level_count: Type.Optional(
      Type.Integer({ description: 'How many different values there were, those not listed included.' }),
    ),
  },
  { description: 'A column that the model takes.' },
);

/** Of models and versions. The list of columns may be long. */
export const taskProperties = {
  task: Type.Unsafe<'classification' | 'regression'>({
    type: 'string',
    enum: ['classification', 'regression'],
    description: 'Whether it predicts classes or values.',
  }),
  target: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'The columns that a model of a table predicts. Rows may have them; they are not looked at.',
    }),
  ),
};

export const columnsProperty = Type.Optional(
  Type.Array(ModelColumn, {
    description:
      'The columns that a model of a table takes, in the order of rows that are lists. Left out where the model takes ' +
      'numbers.',
  }),
);

export function taskView({ head, table }: VersionManifest) {
  return { task: taskOf(head), ...(table && { target: table.targets }) };
}

export function columnsView({ table }: VersionManifest): { columns?: Static<typeof ModelColumn>[] } {
  return table === undefined ? {} : { columns: table.columns.map(shownColumn) };
}

function taskOf({ kind }: Head): 'classification' | 'regression' {
  return kind === 'classes' ? 'classification' : 'regression';
}
