/** Problems for what depends on threads and on the width of vectors. */
import { optimizers, randomProblem, type Problem } from './problem.js';

/** Each is large enough for four threads of any engine. */
export const large: [string, Problem][] = [
  ['several layers', randomProblem([64, 257, 40, 64, 9], 64, { activations: ['gelu', 'tanh', 'relu'] })],
  ['dropout', randomProblem([64, 257, 65, 9], 64, { dropout: 0.3 })],
  ['a background', randomProblem([300, 257, 9], 64, { background: 3 })],
  [
    'a small last batch',
    randomProblem([257, 257, 9], 67, { loss: 'one_hot_mse', optimizer: optimizers.rmsprop }),
  ],
  ['one layer', randomProblem([3_000, 9], 64)],
  ['a layer of one unit', randomProblem([3_000, 1, 2_000], 64)],
  ['float32 inputs and values', randomProblem([64, 257, 9], 64, { inputs: 'float32', loss: 'huber' })],
  ['float32 inputs, mostly 0', randomProblem([300, 257, 9], 64, { inputs: 'float32', background: 3 })],
  ['weights', randomProblem([64, 257, 9], 64, { weighted: true })],
  [
    'clipping and averages',
    randomProblem([300, 257, 40, 17], 64, {
      background: 3,
      labelSmoothing: 0.1,
      optimizer: { ...optimizers.adamw, clip_norm: 0.2, ema: 0.9 },
    }),
  ],
  [
    'clipping of two layers',
    randomProblem([64, 257, 9], 64, {
      activations: ['mish'],
      optimizer: { ...optimizers.sgd, clip_norm: 0.2 },
    }),
  ],
];
