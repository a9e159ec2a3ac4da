/** What a request for a batch says of the columns that predictions add to its rows, whether a file or a dataset is predicted. */
import Type from 'typebox';

export const addedColumns = {
  probabilities: Type.Optional(
    Type.Boolean({
      description: 'Whether to add a column `probability_{class}` for each class; by default false.',
    }),
  ),
  abstain_below: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Of classes: a row whose confidence is below this gets an empty `prediction`.',
    }),
  ),
  warnings: Type.Optional(
    Type.Boolean({
      description:
        'Whether to add a column `prediction_warning`, which says what is odd about a row: `OUT_OF_RANGE` or `UNSEEN_CATEGORY` ' +
        'with the columns; by default false.',
    }),
  ),
};
