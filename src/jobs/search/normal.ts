/** The standard normal distribution. */

const logRoot2Pi = Math.log(2 * Math.PI) / 2;

/** The logarithm of its density. */
export function normalDensityLog(z: number): number {
  return -0.5 * z * z - logRoot2Pi;
}

/** The share of it that lies between two numbers, with an absolute error below 1e-14. */
export function normalShare(from: number, to: number): number {
  return Math.max(shareFromZero(to) - shareFromZero(from), 0);
}

/** Between 0 and z; negative for negative z. G. Marsaglia, "Evaluating the normal distribution", 2004. */
function shareFromZero(z: number): number {
  if (Math.abs(z) > 8) return Math.sign(z) / 2;
  let term = z;
  let sum = z;
  for (let previous = 0, odd = 3; sum !== previous; odd += 2) {
    previous = sum;
    term *= (z * z) / odd;
    sum += term;
  }
  return sum * Math.exp(normalDensityLog(z));
}
