/**
 * The passes over all pixels of a picture, in AssemblyScript with 128-bit SIMD; scripts/build-kernels.mjs compiles them, and
 * ../picture-memory.ts lays out their memory and calls them. Only whole numbers: the bits are the same on every machine.
 *
 *   sources, changed  (count, height, width) u8
 *   changes           (count, 7) i32: firstX, firstY, columnX, columnY, rowX and rowY of `move`, strength of `changeStrokes`
 *   corners           (height, cornersStride) of four u8: a pixel, the one after it, the one below it, and the one below that
 *   moved             (height + 2, movedStride) u8: the picture in a frame of one pixel, which repeats its edges
 *
 * Strides are a multiple of 16, and of one picture at a time. A pass works on 4 or 16 pixels at once and writes past the end of
 * a row what the next row overwrites; after each buffer lie 32 bytes that hold anything.
 */

/** Where the memory is free to use. */
export function heapBase(): usize {
  return __heap_base;
}

/** sources → changed, each picture by its own changes. */
export function changePictures(
  sources: usize,
  changes: usize,
  changed: usize,
  count: i32,
  width: usize,
  height: usize,
  corners: usize,
  cornersStride: usize,
  moved: usize,
  movedStride: usize,
): void {
  for (; count > 0; count--) {
    gatherCorners(sources, width, height, corners, cornersStride);
    move(corners, <i32>cornersStride, <i32>width, <i32>height, changes, moved, movedStride);
    changeStrokes(moved, movedStride, width, height, load<i32>(changes, 24), changed);
    sources += width * height;
    changed += width * height;
    changes += 28;
  }
}

/** source → corners. Beyond its right and lower edge a picture goes on as its edge is. */
function gatherCorners(source: usize, width: usize, height: usize, corners: usize, stride: usize): void {
  for (let row: usize = 0; row < height; row++) {
    const from = source + row * width;
    const below = row + 1 < height ? from + width : from;
    const to = corners + row * stride * 4;
    for (let column: usize = 0; column < width; column += 16) {
      const here = v128.load(from + column);
      const after = v128.load(from + column + 1);
      const under = v128.load(below + column);
      const underAfter = v128.load(below + column + 1);
      const low = interleaveLow<u8>(here, after);
      const lowUnder = interleaveLow<u8>(under, underAfter);
      const high = interleaveHigh<u8>(here, after);
      const highUnder = interleaveHigh<u8>(under, underAfter);
      const at = to + column * 4;
      v128.store(at, interleaveLow<u16>(low, lowUnder));
      v128.store(at, interleaveHigh<u16>(low, lowUnder), 16);
      v128.store(at, interleaveLow<u16>(high, highUnder), 32);
      v128.store(at, interleaveHigh<u16>(high, highUnder), 48);
    }
    const last = width - 1;
    const edge = <u32>load<u8>(from + last) | (<u32>load<u8>(below + last) << 16);
    store<u32>(to + last * 4, edge | (edge << 8));
  }
}

@inline
function interleaveLow<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 1
    ? i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    : i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
function interleaveHigh<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 1
    ? i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
    : i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * corners → moved, without its frame: each pixel is interpolated between the four around where it comes from. Places are
 * in 1/65,536 of a pixel: (firstX, firstY) is where the first pixel comes from, (columnX, columnY) how far that moves from
 * column to column, and (rowX, rowY) from row to row.
 */
function move(
  corners: usize,
  stride: i32,
  width: i32,
  height: i32,
  changes: usize,
  moved: usize,
  movedStride: usize,
): void {
  const columnX = load<i32>(changes, 8);
  const columnY = load<i32>(changes, 12);
  const rowX = v128.load32_splat(changes, 16);
  const rowY = v128.load32_splat(changes, 20);
  const mostX = i32x4.splat((width - 1) << 16);
  const mostY = i32x4.splat((height - 1) << 16);
  const stepX = i32x4.splat(4 * columnX);
  const stepY = i32x4.splat(4 * columnY);
  const strides = i32x4.splat(4 * stride);
  const firstCorners = i32x4.splat(<i32>corners);
  let startX = i32x4.add(v128.load32_splat(changes), i32x4.mul(i32x4.splat(columnX), i32x4(0, 1, 2, 3)));
  let startY = i32x4.add(v128.load32_splat(changes, 4), i32x4.mul(i32x4.splat(columnY), i32x4(0, 1, 2, 3)));
  let to = moved + movedStride + 1;
  for (let row = 0; row < height; row++) {
    let x = startX;
    let y = startY;
    for (let column = 0; column < width; column += 4) {
      v128.store32_lane(to + <usize>column, interpolated(firstCorners, strides, x, y, mostX, mostY), 0);
      x = i32x4.add(x, stepX);
      y = i32x4.add(y, stepY);
    }
    startX = i32x4.add(startX, rowX);
    startY = i32x4.add(startY, rowY);
    to += movedStride;
  }
}

/** The levels at four places, in the lowest four bytes. Beyond its edges a picture goes on as they are. */
@inline
function interpolated(corners: v128, strides: v128, x: v128, y: v128, mostX: v128, mostY: v128): v128 {
  const zero = i32x4.splat(0);
  const insideX = i32x4.min_s(i32x4.max_s(x, zero), mostX);
  const insideY = i32x4.min_s(i32x4.max_s(y, zero), mostY);
  const rows = i32x4.mul(i32x4.shr_s(insideY, 16), strides);
  const at = i32x4.add(i32x4.add(rows, corners), i32x4.shl(i32x4.shr_s(insideX, 16), 2));
  const low = i64x2.extract_lane(at, 0);
  const high = i64x2.extract_lane(at, 1);
  let four = v128.load32_zero(<usize>low);
  four = v128.load32_lane(<usize>(low >> 32), four, 1);
  four = v128.load32_lane(<usize>high, four, 2);
  four = v128.load32_lane(<usize>(high >> 32), four, 3);
  // Two u16 a pixel, above and below: left + (right − left) · part, in 1/256 of a level.
  const left = v128.and(four, i16x8.splat(255));
  const right = i16x8.shr_u(four, 8);
  const partX = v128.and(i32x4.shr_s(insideX, 8), i32x4.splat(255));
  const partsX = v128.or(partX, i32x4.shl(partX, 16));
  const across = i16x8.add(i16x8.shl(left, 8), i16x8.mul(i16x8.sub(right, left), partsX));
  // The product of pairs takes signed numbers: 32,768 less, and added again after it with a half for rounding.
  const partY = v128.and(i32x4.shr_s(insideY, 8), i32x4.splat(255));
  const partsY = v128.or(i32x4.sub(i32x4.splat(256), partY), i32x4.shl(partY, 16));
  const sums = i32x4.dot_i16x8_s(v128.xor(across, i16x8.splat(-32768)), partsY);
  const levels = i32x4.shr_u(i32x4.add(sums, i32x4.splat(32768 * 256 + 32768)), 16);
  const narrow = i16x8.narrow_i32x4_u(levels, levels);
  return i8x16.narrow_i16x8_u(narrow, narrow);
}

/**
 * moved → changed: each pixel goes towards the lightest of itself and its four neighbours, or towards the darkest where
 * `strength`, of 256, is below 0. The frame of `moved` is written first.
 */
function changeStrokes(
  moved: usize,
  stride: usize,
  width: usize,
  height: usize,
  strength: i32,
  changed: usize,
): void {
  frame(moved, stride, width, height);
  const most = i16x8.splat(<i16>abs(strength));
  for (let row: usize = 0; row < height; row++) {
    const from = moved + (row + 1) * stride + 1;
    const to = changed + row * width;
    for (let column: usize = 0; column < width; column += 16) {
      const at = from + column;
      const own = v128.load(at);
      const up = v128.load(at - stride);
      const down = v128.load(at + stride);
      const before = v128.load(at - 1);
      const after = v128.load(at + 1);
      if (strength < 0) {
        const darkest = i8x16.min_u(i8x16.min_u(i8x16.min_u(up, down), i8x16.min_u(before, after)), own);
        v128.store(to + column, i8x16.sub(own, share(i8x16.sub(own, darkest), most)));
      } else {
        const lightest = i8x16.max_u(i8x16.max_u(i8x16.max_u(up, down), i8x16.max_u(before, after)), own);
        v128.store(to + column, i8x16.add(own, share(i8x16.sub(lightest, own), most)));
      }
    }
  }
}

/** 16 differences, of which `most` / 256 each, rounded. */
@inline
function share(differences: v128, most: v128): v128 {
  const half = i16x8.splat(128);
  const low = i16x8.add(i16x8.mul(i16x8.extend_low_i8x16_u(differences), most), half);
  const high = i16x8.add(i16x8.mul(i16x8.extend_high_i8x16_u(differences), most), half);
  return i8x16.narrow_i16x8_u(i16x8.shr_u(low, 8), i16x8.shr_u(high, 8));
}

function frame(moved: usize, stride: usize, width: usize, height: usize): void {
  for (let row: usize = 1; row <= height; row++) {
    const first = moved + row * stride;
    store<u8>(first, load<u8>(first + 1));
    store<u8>(first + width + 1, load<u8>(first + width));
  }
  memory.copy(moved, moved + stride, stride);
  memory.copy(moved + (height + 1) * stride, moved + height * stride, stride);
}
