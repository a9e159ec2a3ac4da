/** How raw inputs become network inputs. It travels with the model, so that `/predict` takes raw inputs too. */

/** A document. x ↦ (x / divide_by − mean) / std, for every input. */
export interface Preprocessing {
  divide_by: number;
  mean: number;
  std: number;
}

/** One raw input as every engine must see it: worked out in float64, rounded once to float32. */
export function normalize({ divide_by, mean, std }: Preprocessing, raw: number): number {
  return Math.fround((raw / divide_by - mean) / std);
}

/** The 256 values that a byte can become, so that gathering a batch is a table look-up. Shape (256). */
export function byteTable(preprocessing: Preprocessing): Float32Array {
  return Float32Array.from({ length: 256 }, (_, raw) => normalize(preprocessing, raw));
}
