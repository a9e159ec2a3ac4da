/** One affine map for all raw inputs, as pictures need it. It travels with the model, so that predictions take raw inputs too. */

/** A document. x ↦ (x / divide_by − mean) / std, for every input. */
export interface AffineMap {
  divide_by: number;
  mean: number;
  std: number;
}

/** One raw input as every engine must see it: computed in float64, rounded once to float32. */
export function applyAffine({ divide_by, mean, std }: AffineMap, raw: number): number {
  return Math.fround((raw / divide_by - mean) / std);
}

/** (256) What each byte becomes, so that gathering a batch is a table look-up. */
export function byteTable(map: AffineMap): Float32Array {
  return Float32Array.from({ length: 256 }, (_, raw) => applyAffine(map, raw));
}
