/** Joins arrays of numbers of one type. */

type Numbers = Float32Array | Float64Array | Uint32Array;

/** The numbers of all parts, one part after the other, in a new array of the type. */
export function joinNumbers<Joined extends Numbers>(
  type: new (length: number) => Joined,
  parts: readonly Joined[],
): Joined {
  const joined = new type(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    joined.set(part, filled);
    filled += part.length;
  }
  return joined;
}
