/** The pictures of a dataset as they are kept: one after the other in one stored file, found by their index. */
import { fitPicture } from '../../images/fit-picture.js';
import type { KeptPicture, PicturesContent } from '../dataset.js';
import type { ByteSource } from '../formats/rows.js';
import type { PictureIndex } from '../picture-index.js';

/** Reading all pictures checks the digest of the source. */
export function openPictures(index: PictureIndex, source: ByteSource): PicturesContent {
  const { widths, heights, channels } = index;
  const sizes = widths.map((width, row) => width * (heights[row] ?? 0) * (channels[row] ?? 0));
  const pictureOf = (row: number, pixels: Uint8Array): KeptPicture => ({
    width: widths[row] ?? 0,
    height: heights[row] ?? 0,
    channels: channels[row] ?? 1,
    pixels,
  });

  return {
    async fitAll(input, take) {
      let row = 0;
      for await (const pixels of inLengths(source.stream(), sizes)) {
        take(row, fitPicture(pictureOf(row, pixels), input));
        row++;
      }
    },

    async pictures(rows) {
      const starts = startsOf(sizes);
      return Promise.all(
        rows.map(async (row) => {
          const start = starts[row] ?? 0;
          return pictureOf(row, await source.slice(start, start + (sizes[row] ?? 0)));
        }),
      );
    },
  };
}

function startsOf(sizes: readonly number[]): Float64Array {
  const starts = new Float64Array(sizes.length);
  for (let row = 1; row < sizes.length; row++) starts[row] = (starts[row - 1] ?? 0) + (sizes[row - 1] ?? 0);
  return starts;
}

/** The bytes of a stream in pieces of these lengths. */
async function* inLengths(
  stream: AsyncIterable<Uint8Array>,
  lengths: readonly number[],
): AsyncGenerator<Uint8Array> {
  let index = 0;
  let piece = new Uint8Array(lengths[0] ?? 0);
  let filled = 0;
  for await (const bytes of stream) {
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.subarray(at, at + piece.length - filled);
      piece.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < piece.length) continue;
      yield piece;
      piece = new Uint8Array(lengths[++index] ?? 0);
      filled = 0;
    }
  }
}
