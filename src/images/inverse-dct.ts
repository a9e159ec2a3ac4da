/**
 * The inverse discrete cosine transform of 8 × 8 blocks, by the method of Arai, Agui and Nakajima (Trans. IEICE
 * E-71(11), 1988). It puts most factors into the quantization table and needs five multiplications for eight numbers.
 */

/** The factors that go into the table, for each row and column: 1, and √2 cos(kπ/16). */
const factors = Float64Array.from({ length: 8 }, (_, k) =>
  k === 0 ? 1 : Math.SQRT2 * Math.cos((k * Math.PI) / 16),
);

const sqrt2 = Math.SQRT2;
const twiceCos1 = 2 * Math.cos(Math.PI / 8);
const difference = 2 * (Math.cos(Math.PI / 8) - Math.cos((3 * Math.PI) / 8));
const sum = -2 * (Math.cos(Math.PI / 8) + Math.cos((3 * Math.PI) / 8));

/** (8, 8): the factors by which `inverseDct` multiplies the coefficients. */
export function scaledTable(quantization: Uint16Array): Float64Array {
  return Float64Array.from(quantization, (step, at) => (step * factors[at >> 3] * factors[at & 7]) / 8);
}

const work = new Float64Array(64);

/** `coefficients` (8, 8) from `first` on, a row of horizontal frequencies at a time → `block` (8, 8), 0 to 255. */
export function inverseDct(
  coefficients: Int16Array,
  first: number,
  scale: Float64Array,
  block: Uint8ClampedArray,
): void {
  let isFlat = true;
  for (let at = 1; at < 64; at++) {
    if (coefficients[first + at] === 0) continue;
    isFlat = false;
    break;
  }
  if (isFlat) {
    block.fill(coefficients[first] * scale[0] + 128);
    return;
  }
  for (let at = 0; at < 64; at++) work[at] = coefficients[first + at] * scale[at];
  for (let column = 0; column < 8; column++) transform(column, 8);
  for (let row = 0; row < 64; row += 8) transform(row, 1);
  for (let at = 0; at < 64; at++) block[at] = work[at] + 128;
}

/** Transforms eight numbers of `work` in place: from `first` on, `step` apart. */
function transform(first: number, step: number): void {
  const at1 = first + step;
  const at2 = at1 + step;
  const at3 = at2 + step;
  const at4 = at3 + step;
  const at5 = at4 + step;
  const at6 = at5 + step;
  const at7 = at6 + step;

  const even0 = work[first] + work[at4];
  const even1 = work[first] - work[at4];
  const even3 = work[at2] + work[at6];
  const even2 = (work[at2] - work[at6]) * sqrt2 - even3;
  const sum0 = even0 + even3;
  const sum3 = even0 - even3;
  const sum1 = even1 + even2;
  const sum2 = even1 - even2;

  const odd3 = work[at5] + work[at3];
  const odd2 = work[at5] - work[at3];
  const odd1 = work[at1] + work[at7];
  const odd0 = work[at1] - work[at7];
  const last7 = odd1 + odd3;
  const rotated = (odd2 + odd0) * twiceCos1;
  const last6 = rotated + odd2 * sum - last7;
  const last5 = (odd1 - odd3) * sqrt2 - last6;
  const last4 = rotated - odd0 * difference - last5;

  work[first] = sum0 + last7;
  work[at7] = sum0 - last7;
  work[at1] = sum1 + last6;
  work[at6] = sum1 - last6;
  work[at2] = sum2 + last5;
  work[at5] = sum2 - last5;
  work[at3] = sum3 + last4;
  work[at4] = sum3 - last4;
}
