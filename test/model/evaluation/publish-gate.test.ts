import { describe, expect, test } from 'vitest';
import type { Evaluation, SplitEvaluation } from '../../../src/model/evaluation/evaluation.js';
import type { Figures } from '../../../src/model/evaluation/figures.js';
import { decideGate } from '../../../src/model/evaluation/publish-gate.js';

function split(figures: Figures, constant: Figures, rows = 1_000): SplitEvaluation {
  return { rows, figures, intervals: {}, baselines: { constant } };
}

function classes(figures: Figures, constant: Figures = {}, rows?: number): Evaluation {
  return { format_version: 1, task: 'classification', validation: split(figures, constant, rows) };
}

const byDefault = (evaluation: Evaluation) => decideGate('better_than_baseline', evaluation, null);

describe('by default', () => {
  test('a network that diverged on ten classes is held, with its figures and those of the baseline', () => {
    const figures = { accuracy: 0.089, log_loss: 31, balanced_accuracy: 0.1 };
    const held = byDefault(classes(figures, { accuracy: 0.112, log_loss: 2.301, balanced_accuracy: 0.1 }));
    expect(held?.reasons).toEqual([
      'On the 1000 validation rows it is no better than the commonest class: accuracy 0.089 against 0.112, ' +
        'log_loss 31 against 2.301, balanced_accuracy 0.1 against 0.1.',
    ]);
  });

  test('a model with the accuracy of the majority is served if its probabilities are better', () => {
    const constant = { accuracy: 0.99, log_loss: 0.056 };
    expect(byDefault(classes({ accuracy: 0.99, log_loss: 0.04 }, constant))).toBeNull();
    expect(byDefault(classes({ accuracy: 0.99, log_loss: 0.0559 }, constant))).not.toBeNull();
  });

  test('a model that weighs its classes is served for its balanced accuracy', () => {
    const constant = { accuracy: 0.99, log_loss: 0.056, balanced_accuracy: 0.5 };
    const figures = { accuracy: 0.93, log_loss: 0.2, balanced_accuracy: 0.85 };
    expect(byDefault(classes(figures, constant))).toBeNull();
  });

  test('an accuracy that chance can bring is not enough, and the fewer rows there are the more it can', () => {
    const constant = { accuracy: 0.5 };
    expect(byDefault(classes({ accuracy: 0.53 }, constant, 100))).not.toBeNull();
    expect(byDefault(classes({ accuracy: 0.53 }, constant, 10_000))).toBeNull();
  });

  test('a perfect model is served however few rows there are', () => {
    expect(byDefault(classes({ accuracy: 1 }, { accuracy: 0.8 }, 5))).toBeNull();
  });

  test('a regression must have a lower error than the mean', () => {
    const values = (rmse: number): Evaluation => ({
      format_version: 1,
      task: 'regression',
      validation: split({ rmse }, { rmse: 10 }),
    });
    expect(byDefault(values(9))).toBeNull();
    expect(byDefault(values(10))?.reasons[0]).toContain('no better than the mean: rmse 10 against 10');
  });

  test('training rows decide only where there are no validation rows', () => {
    const training = split({ accuracy: 0.1 }, { accuracy: 0.5 });
    const evaluation: Evaluation = { format_version: 1, task: 'classification', training };
    expect(byDefault(evaluation)?.reasons[0]).toContain('1000 training rows');
    expect(byDefault({ ...evaluation, validation: split({ accuracy: 0.9 }, { accuracy: 0.5 }) })).toBeNull();
  });
});

describe('a rule', () => {
  test('names each of its limits that is not kept', () => {
    const rule = { metric: 'roc_auc', at_least: 0.8, at_most: 0.9 } as const;
    expect(decideGate(rule, classes({ roc_auc: 0.85 }), null)).toBeNull();
    expect(decideGate(rule, classes({ roc_auc: 0.7 }), null)?.reasons).toEqual([
      'Its roc_auc on 1000 validation rows is 0.7, and it must be at least 0.8.',
    ]);
    expect(decideGate(rule, classes({ roc_auc: 0.95 }), null)?.reasons).toEqual([
      'Its roc_auc on 1000 validation rows is 0.95, and it must be at most 0.9.',
    ]);
  });

  test('compares with the version that is latest, in the direction of the figure', () => {
    const latest = { version: 4, validation: split({ log_loss: 0.5, accuracy: 0.8 }, {}) };
    const better = (metric: 'log_loss' | 'accuracy', figure: number) =>
      decideGate({ metric, better_than: 'latest' }, classes({ [metric]: figure }), latest);
    expect(better('log_loss', 0.4)).toBeNull();
    expect(better('log_loss', 0.6)?.reasons[0]).toContain('no better than the 0.5 of version 4');
    expect(better('accuracy', 0.9)).toBeNull();
    expect(better('accuracy', 0.8)).not.toBeNull();
  });

  test('lets the first version pass, but not one that cannot be compared', () => {
    const rule = { metric: 'accuracy', better_than: 'latest' } as const;
    expect(decideGate(rule, classes({ accuracy: 0.9 }), null)).toBeNull();
    const unknown = { version: 2, validation: null };
    expect(decideGate(rule, classes({ accuracy: 0.9 }), unknown)?.reasons[0]).toContain('not known');
    expect(decideGate(rule, classes({}), null)?.reasons[0]).toContain('not known');
  });

  test('that is always asks for nothing', () => {
    expect(decideGate('always', classes({ accuracy: 0 }, { accuracy: 1 }), null)).toBeNull();
  });
});
