/** What all routes that predict have in common, whatever protocol they speak. */
import type { ErrorCode } from '../../errors.js';

/** Room for 1024 samples of 784 numbers with all their digits. */
export const predictionBodyLimit = 32 * 2 ** 20;

const problems: readonly ErrorCode[] = [
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'ALIAS_NOT_FOUND',
  'OVERLOADED',
  'MODEL_NOT_READY',
  'DEADLINE_EXCEEDED',
  'CHECKPOINT_CORRUPT',
];

export const predictionConfig = { access: 'predict', predicts: true, problems } as const;
