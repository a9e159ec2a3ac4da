/**
 * The product of two matrices by tiles: a workgroup works out (rows, 16) numbers of the result. Each of its threads sums four
 * rows of four numbers over a slice of the inner dimension, and the slices are added in a fixed order.
 */

const threads = 256;
/** Vectors in a row of a tile. */
export const tileVectors = 4;

/** The slices that a tile of so many rows divides the inner dimension into. */
export function slicesOf(tileRows: number): number {
  return threads / tileRows;
}

/** How many turns of the inner loop to load ahead, of a thread that has so many. */
export function turnsAhead(innerVectors: number, slices: number): number {
  const turns = Math.floor(innerVectors / slices);
  // Seven turns are loaded in two threes rather than in a four and three by one.
  return turns > 4 && turns < 8 ? 3 : Math.max(1, Math.min(4, turns));
}

/**
 * A whole shader. `sums` are the statements that fill sum0 … sum3, for the rows `row` … `row + 3` and the vector `column` of the
 * result, over the slice `slice`. `store` are those that take `value`, the result at (`row`, `column`).
 */
export function tileShader(
  declarations: string,
  tileRows: number,
  { sums, store }: { sums: string; store: string },
): string {
  const cells = tileRows * tileVectors;
  const parts = slicesOf(tileRows) / 4;
  const others = Array.from(
    { length: parts - 1 },
    (_, i) => `value += partial[cell + ${(i + 1) * 4 * cells}u];`,
  );
  return `${declarations}
// (slices, tile rows, tile vectors)
var<workgroup> partial: array<vec4f, ${4 * threads}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) thread: u32) {
  let slice = thread / ${tileRows}u;
  let rowOfTile = thread % ${tileRows}u / ${tileVectors}u * 4u;
  let columnOfTile = thread % ${tileVectors}u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  {
    let row = tile.y * ${tileRows}u + rowOfTile;
    let column = tile.x * ${tileVectors}u + columnOfTile;
    ${sums}
  }
  let first = slice * ${cells}u + rowOfTile * ${tileVectors}u + columnOfTile;
  partial[first] = sum0;
  partial[first + ${tileVectors}u] = sum1;
  partial[first + ${2 * tileVectors}u] = sum2;
  partial[first + ${3 * tileVectors}u] = sum3;
  workgroupBarrier();
  let cell = thread % ${cells}u;
  let at = thread / ${cells}u * ${4 * cells}u + cell;
  var value = (partial[at] + partial[at + ${cells}u]) + (partial[at + ${2 * cells}u] + partial[at + ${3 * cells}u]);
  partial[at] = value;
  workgroupBarrier();
  if (thread < ${cells}u) {
    ${others.join('\n    ')}
    let row = tile.y * ${tileRows}u + cell / ${tileVectors}u;
    let column = tile.x * ${tileVectors}u + cell % ${tileVectors}u;
    ${store}
  }
}
`;
}
