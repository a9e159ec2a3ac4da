/** Known functions to minimise, each with its space and its least value. */

const range = (min, max, rest = {}) => ({ min, max, ...rest });
const numbered = (count, parameter) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index + 1}`, parameter]));

/** L. C. W. Dixon, G. P. Szegő, "Towards global optimization 2", 1978. */
function branin({ x1, x2 }) {
  const bend = x2 - (5.1 / (4 * Math.PI ** 2)) * x1 ** 2 + (5 / Math.PI) * x1 - 6;
  return bend ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x1) + 10;
}

const hartmannWeights = [1, 1.2, 3, 3.2];
const hartmannScales = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const hartmannCentres = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

/** J. K. Hartman, "Some experiments in global optimization", 1973, in six dimensions. */
function hartmann6(parameters) {
  const x = Object.values(parameters);
  return -hartmannWeights.reduce((sum, weight, i) => {
    const distance = x.reduce(
      (total, xj, j) => total + hartmannScales[i][j] * (xj - hartmannCentres[i][j]) ** 2,
      0,
    );
    return sum + weight * Math.exp(-distance);
  }, 0);
}

function rosenbrock(parameters) {
  const x = Object.values(parameters);
  return x.slice(1).reduce((sum, next, i) => sum + 100 * (next - x[i] ** 2) ** 2 + (1 - x[i]) ** 2, 0);
}

/** As the loss of a training may depend on its settings: two scales, integers, and an optimiser that moves the best rate. */
function settings({ rate, decay, units, layers, optimizer, activation }) {
  const bestRate = { adam: -2.5, sgd: -1, rmsprop: -3 }[optimizer];
  return (
    (Math.log10(rate) - bestRate) ** 2 +
    0.2 * (Math.log10(decay) + 4) ** 2 +
    0.3 * (Math.log2(units) - 6.5) ** 2 +
    0.25 * (layers - 3) ** 2 +
    { adam: 0, sgd: 0.3, rmsprop: 0.6 }[optimizer] +
    { relu: 0, gelu: 0.1, tanh: 0.5, sigmoid: 1 }[activation]
  );
}

export const functions = {
  sphere: {
    space: numbered(5, range(-5, 5)),
    least: 0,
    valueOf: (parameters) => Object.values(parameters).reduce((sum, x) => sum + x ** 2, 0),
  },
  rosenbrock: { space: numbered(3, range(-2, 2)), least: 0, valueOf: rosenbrock },
  branin: { space: { x1: range(-5, 10), x2: range(0, 15) }, least: 0.397887, valueOf: branin },
  hartmann6: { space: numbered(6, range(0, 1)), least: -3.32237, valueOf: hartmann6 },
  settings: {
    space: {
      rate: range(1e-5, 1, { scale: 'log' }),
      decay: range(1e-6, 1e-1, { scale: 'log' }),
      units: range(4, 1024, { scale: 'log', integer: true }),
      layers: range(1, 8, { integer: true }),
      optimizer: { values: ['adam', 'sgd', 'rmsprop'] },
      activation: { values: ['relu', 'gelu', 'tanh', 'sigmoid'] },
    },
    least: 0.3 * (Math.log2(91) - 6.5) ** 2,
    valueOf: settings,
  },
};
