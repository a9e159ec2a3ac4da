/** What the losses share: a row of a batch in panels, of whose last panel only some columns are classes. */

/** All ones in the lanes that are classes, of the four from `first`. */
@inline
export function laneMask(first: usize, classes: usize): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(<i32>first), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>classes));
}

/** NaN if one of the row's numbers is. */
@inline
export function largest(row: usize, panelBytes: usize, classes: usize): f32 {
  const least = f32x4.splat(-Infinity);
  let most = least;
  for (let at = row, base: usize = 0; base < classes; at += panelBytes, base += 8) {
    most = f32x4.max(most, v128.bitselect(v128.load(at), least, laneMask(base, classes)));
    most = f32x4.max(most, v128.bitselect(v128.load(at, 16), least, laneMask(base + 4, classes)));
  }
  return max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** The first class whose number is `top`; none, `classes`, where that is NaN. */
@inline
export function firstOfLargest(row: usize, panelBytes: usize, classes: usize, top: f32): usize {
  for (let i: usize = 0; i < classes; i++) {
    if (load<f32>(row + (i >> 3) * panelBytes + ((i & 7) << 2)) == top) return i;
  }
  return classes;
}
