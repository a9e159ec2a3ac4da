/**
 * The oracle: plain TypeScript on one thread, short and obviously right, that every other engine is tested against. It
 * runs everywhere, so it is the last resort too.
 */
import type { Engine } from '../engine.js';
import type { FloatsConstructor } from './matrix.js';
import { createReferencePredictor } from './predictor.js';
import { createReferenceTrainer, device } from './trainer.js';

/** With `Float64Array` everything but states and probabilities is in float64: the yardstick for rounding. */
export function createReferenceEngine(Numbers: FloatsConstructor = Float32Array): Engine {
  return {
    name: 'reference',
    probe: async () => Promise.resolve({ available: true, device }),
    trainer: async (program, data, state) =>
      Promise.resolve(createReferenceTrainer(program, data, state, Numbers)),
    predictor: async (program, parameters) =>
      Promise.resolve(createReferencePredictor(program, parameters, Numbers)),
  };
}
