import { describe, expect, test } from 'vitest';
import { bestFirst, whyStopped } from '../../../src/jobs/training/best-epoch.js';
import type { EpochMetrics } from '../../../src/jobs/runs/run-events.js';

/** Epochs with these figures of the validation split. */
function epochs(...figures: [loss: number, accuracy?: number][]): EpochMetrics[] {
  return figures.map(([validation_loss, validation_accuracy], index) => ({
    epoch: index + 1,
    step: 5 * (index + 1),
    train_loss: 1,
    validation_loss,
    ...(validation_accuracy !== undefined && { validation_accuracy }),
  }));
}

const numbersOf = (found: EpochMetrics[]): number[] => found.map(({ epoch }) => epoch);

describe('the best epoch', () => {
  test('has the lowest loss, and of equals it is the earlier one', () => {
    expect(numbersOf(bestFirst({}, epochs([3], [1], [2], [1])))).toEqual([2, 4, 3, 1]);
  });

  test('by accuracy has the lower loss where accuracies are equal, and then is the earlier one', () => {
    const found = bestFirst({ monitor: 'accuracy' }, epochs([1, 0.8], [5, 0.9], [4, 0.9], [4, 0.9]));
    expect(numbersOf(found)).toEqual([3, 4, 2, 1]);
  });

  test('by the error of values has the lowest error', () => {
    const [first, second] = epochs([1], [2]);
    const found = bestFirst({ monitor: 'rmse' }, [
      { ...first, validation_rmse: 7 },
      { ...second, validation_rmse: 6 },
    ]);
    expect(numbersOf(found)).toEqual([2, 1]);
  });
});

describe('training', () => {
  const spec = { epochs: 10, patience: 2, min_epochs: 1 };

  test('ends after as many epochs without a better one as its patience says, and not before', () => {
    const course = epochs([3], [1], [2], [1]);
    expect([1, 2, 3].map((done) => whyStopped(spec, course.slice(0, done)))).toEqual([null, null, null]);
    expect(whyStopped(spec, course)).toEqual({ reason: 'patience', epoch: 4, best_epoch: 2 });
  });

  test('does not end early before the least number of epochs', () => {
    const course = epochs([1], [2], [2], [2], [2]);
    expect(whyStopped({ ...spec, min_epochs: 5 }, course.slice(0, 4))).toBeNull();
    expect(whyStopped({ ...spec, min_epochs: 5 }, course)).toMatchObject({ reason: 'patience', epoch: 5 });
  });

  test('takes a lower loss at the same accuracy for better', () => {
    const course = epochs([4, 0.9], [3, 0.9], [2, 0.9], [1, 0.9]);
    expect(whyStopped({ ...spec, monitor: 'accuracy' }, course)).toBeNull();
  });

  test('without patience ends with its last epoch', () => {
    const course = epochs([1], [2], [3]);
    expect(whyStopped({ epochs: 4 }, course)).toBeNull();
    expect(whyStopped({ epochs: 3 }, course)).toEqual({ reason: 'epochs', epoch: 3, best_epoch: 1 });
  });

  test('without validation rows knows no best epoch', () => {
    const course = [{ epoch: 1, step: 5, train_loss: 1, test_loss: 2 }];
    expect(whyStopped({ epochs: 1 }, course)).toEqual({ reason: 'epochs', epoch: 1, best_epoch: null });
  });
});
