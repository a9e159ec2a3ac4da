/** The activations of hidden layers, as PyTorch's modules of these names compute them with their defaults. */

const selu = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

const curves: Record<string, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(0, x),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  sigmoid,
  tanh: Math.tanh,
  gelu: (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2,
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(x > 30 ? x : Math.log1p(Math.exp(x))),
  selu: (x) => selu.scale * (x > 0 ? x : selu.alpha * Math.expm1(x)),
};

export const activationNames = Object.keys(curves).filter((name) => name !== 'identity');

/** @throws Error for an activation that these pages do not know */
export function activate(name: string, x: number): number {
  const curve = curves[name];
  if (!curve) throw new Error(`These pages do not know the activation ${name}.`);
  return curve(x);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The error function, within 1.2e-7: W. H. Press et al., "Numerical Recipes", second edition, section 6.2. */
function erf(x: number): number {
  const t = 1 / (1 + Math.abs(x) / 2);
  const factors = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const exponent = factors.reduceRight((sum, factor) => sum * t + factor, 0) - x * x;
  const complement = t * Math.exp(exponent);
  return x >= 0 ? 1 - complement : complement - 1;
}
