/** Matrices as views of their rows, and the loop that does nearly all the work: the product of two rows. */

/** The caller chooses the precision: float32 to train, float64 to check gradients and other engines. */
export type Floats = Float32Array | Float64Array;
export type FloatsConstructor = new (length: number) => Floats;

/** (rows, columns). The rows are views of one buffer, so writing to a row writes to the buffer. */
export type Matrix = readonly Floats[];

/** The rows of a row-major buffer. */
export function rowsOf(values: Floats, columns: number): Matrix {
  return Array.from({ length: values.length / columns }, (_, row) =>
    values.subarray(row * columns, (row + 1) * columns),
  );
}

/** A copy (columns, rows) of a matrix (rows, columns) that is not empty. */
export function transposed(matrix: Matrix): Matrix {
  const rows = matrix.length;
  const columns = matrix[0].length;
  const Numbers = matrix[0] instanceof Float32Array ? Float32Array : Float64Array;
  const copy = rowsOf(new Numbers(columns * rows), rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) copy[c][r] = matrix[r][c];
  }
  return copy;
}

/** a (n, k), b (m, k) → product (n, m) = a · bᵀ */
export function multiply(product: Matrix, a: Matrix, b: Matrix): void {
  for (let r = 0; r < a.length; r++) {
    for (let c = 0; c < b.length; c++) product[r][c] = dot(a[r], b[c]);
  }
}

/** Σ a·b, in float64. Four partial sums keep an addition from waiting for the one before it. */
export function dot(a: Floats, b: Floats): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    sum0 += a[i] * b[i];
    sum1 += a[i + 1] * b[i + 1];
    sum2 += a[i + 2] * b[i + 2];
    sum3 += a[i + 3] * b[i + 3];
  }
  for (; i < a.length; i++) sum0 += a[i] * b[i];
  return sum0 + sum1 + sum2 + sum3;
}
