/** The evaluation of a version, whole and in short, as jobs, models and versions show it. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';
import type {
  Evaluation as EvaluationDocument,
  EvaluationSummary as Summary,
  SplitEvaluation,
} from '../../model/evaluation/evaluation.js';
import { figureNames, type FigureName } from '../../model/evaluation/figures.js';
import type { ThresholdRequest } from '../../model/evaluation/threshold.js';

const meaning: Record<FigureName, string> = {
  accuracy: 'The fraction of the rows with the right label.',
  balanced_accuracy: 'The mean over the classes of the fraction of their rows that got the right label.',
  log_loss: 'The mean of −ln of the probability of the right class. Lower is better.',
  roc_auc:
    'How likely a row of the class has a higher probability of it than another row. Of two classes that of the positive one, of more the mean over the classes.',
  pr_auc:
    'The average precision. Of two classes that of the positive one, of more the mean over the classes.',
  f1: 'The mean F1 of the classes.',
  calibration_error: 'How far confidence and accuracy lie apart, in 15 bins by confidence. Lower is better.',
  rmse: 'The root of the mean squared error, in the unit of the target. Lower is better.',
  mae: 'The mean absolute error, in the unit of the target. Lower is better.',
  median_absolute_error: 'The absolute error that half of the rows exceed. Lower is better.',
  r2: 'The fraction of the variance that is explained: 1 is perfect, 0 is as good as the mean.',
};

const Figures = Type.Object(
  Object.fromEntries(
    figureNames.map((name) => [name, Type.Optional(Type.Number({ description: meaning[name] }))]),
  ),
  { description: 'Those that the task has and the rows allow.' },
);

const Intervals = Type.Object(
  Object.fromEntries(
    figureNames.map((name) => [name, Type.Optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }))]),
  ),
  { description: '95 % intervals of some figures: from the low to the high end.' },
);

const splitSummary = {
  rows: Type.Integer(),
  weights: Type.Optional(
    Type.Object(
      {
        sum: Type.Number({ description: 'Of the weights of the rows.' }),
        effective_rows: Type.Number({ description: 'As many rows of equal weight would tell as much.' }),
      },
      {
        description:
          'Where a column weighs the rows. Each row then counts so much in all figures, and counts of rows by class are sums of weights.',
      },
    ),
  ),
  figures: Figures,
  intervals: Intervals,
  baselines: Type.Object(
    {
      constant: Figures,
      linear: Type.Optional(Figures),
    },
    {
      description:
        'The figures, on the same rows, of what a model must beat. `constant`: always the commonest class, or the mean, of the ' +
        'training rows. `linear`: a linear model trained on the same inputs; left out where none was trained.',
    },
  ),
};

const onValidation =
  'On the rows that decided: the best epoch, the calibration, the threshold. Left out without such rows.';
const onTest = 'On the rows that decided nothing. Left out without such rows.';

const SplitSummary = Type.Object(splitSummary);

export const EvaluationSummary = component(
  'EvaluationSummary',
  Type.Unsafe<Summary>(
    Type.Object(
      {
        validation: Type.Optional({ ...SplitSummary, description: onValidation }),
        test: Type.Optional({ ...SplitSummary, description: onTest }),
      },
      { description: 'How good a network is.' },
    ),
  ),
);

const rowNumber = Type.Integer({ description: 'Of the dataset, counted from 0.' });
const outputName = Type.Optional(Type.String({ description: 'Which value, where several are predicted.' }));

const Residuals = Type.Array(Type.Object({ at: Type.Number(), value: Type.Number() }), {
  description: 'Quantiles of predicted − actual, in the unit of the value.',
});

const SplitEvaluationSchema = Type.Unsafe<SplitEvaluation>(
  Type.Object({
    ...splitSummary,
    classes: Type.Optional(
      Type.Array(
        Type.Object({
          label: Type.String(),
          precision: Type.Number({ description: 'Of the rows with this label, the fraction of this class.' }),
          recall: Type.Number({ description: 'Of the rows of this class, the fraction with this label.' }),
          f1: Type.Number(),
          support: Type.Number({ description: 'Rows of the class, or the sum of their weights.' }),
          predicted: Type.Number({ description: 'Rows with the label, or the sum of their weights.' }),
        }),
      ),
    ),
    confusion: Type.Optional(
      Type.Array(Type.Array(Type.Number()), {
        description:
          '`confusion[i][j]`: how many rows of class i got the label j, or the sum of their weights. Left out above 100 classes.',
      }),
    ),
    thresholds: Type.Optional(
      Type.Array(
        Type.Object({
          at_least: Type.Number(),
          true_positives: Type.Number(),
          false_positives: Type.Number(),
        }),
        {
          description:
            'Of two classes: how many rows get the label `positive` from each threshold on, rightly and wrongly, or the sums of their ' +
            'weights. At most 101, descending: the points of the ROC and of the precision–recall curve.',
        },
      ),
    ),
    calibration_bins: Type.Optional(
      Type.Array(Type.Object({ confidence: Type.Number(), accuracy: Type.Number(), rows: Type.Number() }), {
        description:
          'The rows in 15 bins by the probability of their likeliest class: its mean, how often it was right, and how many rows they ' +
          'are, or the sum of their weights. Empty bins are left out.',
      }),
    ),
    outputs: Type.Optional(
      Type.Array(
        Type.Object({ name: Type.String(), figures: Figures, residuals: Type.Optional(Residuals) }),
        { description: 'The figures of each value, where several are predicted.' },
      ),
    ),
    pairs: Type.Optional(
      Type.Array(
        Type.Object({
          output: outputName,
          predicted: Type.Number(),
          actual: Type.Number(),
        }),
        { description: 'Of values: at most 300, evenly spaced among the rows.' },
      ),
    ),
    residuals: Type.Optional({
      ...Residuals,
      description: 'Of a single value. Others have theirs in `outputs`.',
    }),
  }),
);

const cost = Type.Object({ false_positive: Type.Number(), false_negative: Type.Number() });

const evaluationProperties = {
  format_version: Type.Literal(1),
  task: Type.Enum(['classification', 'regression'], { type: 'string' }),
  labels: Type.Optional(Type.Array(Type.String(), { description: 'The classes, by index.' })),
  positive: Type.Optional(
    Type.String({
      description:
        'Of two classes: the one that `pr_auc` and the threshold are of, by default the rarer one.',
    }),
  ),
  threshold: Type.Optional(
    Type.Object(
      {
        at_least: Type.Number(),
        by: Type.Enum(['f1', 'cost', 'request', 'model'], { type: 'string' }),
        cost: Type.Optional(cost),
      },
      {
        description:
          'From which probability on a row gets the label `positive`, and how it was chosen: `request` and `model` say that it was not.',
      },
    ),
  ),
  calibration: Type.Optional(
    Type.Object(
      {
        temperature: Type.Number({ description: 'The outputs are divided by it.' }),
        before: Type.Object({ validation: Type.Optional(Figures), test: Type.Optional(Figures) }),
      },
      {
        description:
          'Where the probabilities are calibrated: how, and the log loss and calibration error without it.',
      },
    ),
  ),
  validation: Type.Optional({ ...SplitEvaluationSchema, description: onValidation }),
  training: Type.Optional({
    ...SplitEvaluationSchema,
    description: 'At most 5,000 of the rows that it was trained on, where none were set apart to decide.',
  }),
  test: Type.Optional({ ...SplitEvaluationSchema, description: onTest }),
  mistakes: Type.Optional(
    Type.Object(
      {
        split: Type.Enum(['validation', 'test'], { type: 'string' }),
        rows: Type.Array(
          Type.Object({
            row: rowNumber,
            output: outputName,
            predicted: Type.Unsafe<string | number>({ type: ['string', 'number'] }),
            actual: Type.Unsafe<string | number>({ type: ['string', 'number'] }),
            confidence: Type.Optional(
              Type.Number({ description: 'The probability of the label that it got.' }),
            ),
          }),
        ),
      },
      { description: 'Up to 20: the most confident wrong labels, or the largest errors.' },
    ),
  ),
  examples: Type.Optional(
    Type.Object(
      {
        split: Type.Enum(['validation', 'test'], { type: 'string' }),
        rows: Type.Array(Type.Array(Type.Array(rowNumber))),
      },
      {
        description:
          '`rows[i][j]`: up to 5 rows of class i that got the label j, the most confident first. Left out above 32 classes.',
      },
    ),
  ),
  importance: Type.Optional(
    Type.Object(
      {
        figure: Type.Enum(['log_loss', 'rmse'], { type: 'string' }),
        rows: Type.Integer(),
        repetitions: Type.Integer(),
        columns: Type.Array(Type.Object({ column: Type.String(), mean: Type.Number(), std: Type.Number() })),
      },
      {
        description:
          'How much worse the figure gets on the validation rows when the cells of a column are shuffled; the most important first.',
      },
    ),
  ),
};

export interface ShownEvaluation extends EvaluationDocument {
  object: 'evaluation';
  model: { name: string; version: number };
  dataset: { name: string; version: number | null };
  /** Of another dataset: the column that weighed its rows. */
  weight?: string;
  /** Of another dataset: rows that could not be evaluated. */
  left_out?: { without_target: number; unreadable: number };
}

const constantExample = { accuracy: 0.7346, log_loss: 0.5787, roc_auc: 0.5 };

export const Evaluation = component(
  'Evaluation',
  Type.Unsafe<ShownEvaluation>(
    Type.Object(
      {
        object: Type.Literal('evaluation'),
        model: Type.Object({ name: Type.String(), version: Type.Integer() }),
        dataset: Type.Object(
          { name: Type.String(), version: Type.Unsafe({ type: 'integer', nullable: true }) },
          { description: 'Whose rows were evaluated.' },
        ),
        weight: Type.Optional(
          Type.String({ description: 'Of another dataset: the column that weighed its rows.' }),
        ),
        left_out: Type.Optional(
          Type.Object(
            {
              without_target: Type.Integer({ description: 'Rows whose target has no value.' }),
              unreadable: Type.Integer({ description: 'Rows with a cell that the model cannot read.' }),
            },
            { description: 'Rows of another dataset that were not evaluated.' },
          ),
        ),
        ...evaluationProperties,
      },
      {
        description: 'How good a version of a model is.',
        examples: [
          {
            object: 'evaluation',
            model: { name: 'churn', version: 3 },
            dataset: { name: 'churn', version: 1 },
            format_version: 1,
            task: 'classification',
            labels: ['No', 'Yes'],
            positive: 'Yes',
            test: {
              rows: 704,
              figures: { accuracy: 0.8054, log_loss: 0.4129, roc_auc: 0.8481 },
              intervals: { accuracy: [0.7746, 0.833], roc_auc: [0.8165, 0.8797] },
              baselines: {
                constant: constantExample,
                linear: { accuracy: 0.8026, log_loss: 0.4197, roc_auc: 0.8433 },
              },
              classes: [
                { label: 'No', precision: 0.84, recall: 0.9, f1: 0.87, support: 517, predicted: 553 },
                { label: 'Yes', precision: 0.66, recall: 0.54, f1: 0.6, support: 187, predicted: 151 },
              ],
              confusion: [
                [466, 51],
                [86, 101],
              ],
            },
            mistakes: {
              split: 'test',
              rows: [{ row: 4212, predicted: 'No', actual: 'Yes', confidence: 0.984 }],
            },
          },
        ],
      },
    ),
  ),
);

/** Of the request for a job and of its spec. */
const thresholdSchema = {
  type: ['string', 'number', 'object'],
  minimum: 0,
  maximum: 1,
  pattern: '^auto$',
  properties: {
    cost: {
      type: 'object',
      properties: {
        false_positive: { type: 'number', minimum: 0, maximum: 1e9 },
        false_negative: { type: 'number', minimum: 0, maximum: 1e9 },
      },
      required: ['false_positive', 'false_negative'],
      additionalProperties: false,
    },
  },
  required: ['cost'],
  additionalProperties: false,
} as const;

export const Threshold = (description: string) =>
  Type.Optional(Type.Unsafe<ThresholdRequest>({ ...thresholdSchema, description }));
