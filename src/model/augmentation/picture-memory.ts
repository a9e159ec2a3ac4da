/** The memory in which the compiled kernels change pictures, and their call; kernels/ says what they compute. */
import { readFileSync } from 'node:fs';

export interface PictureSize {
  width: number;
  height: number;
}

/** What the kernels need to know of each picture: seven integers, in the order in which kernels/ has them. */
export const changesOfPicture = 7;

/** Pictures in the memory, unless they are large. */
const mostPictures = 64;
const mostPixels = 2 ** 20;

interface Kernels {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heapBase: () => number;
  changePictures: (...numbers: number[]) => void;
}

// From src/ in tests and from dist/ in service: both are equally deep below the root.
const file = new URL('../../../dist/model/augmentation/kernels.wasm', import.meta.url);

const pageBytes = 65536;

/** A kernel reads and writes less than this past the end of a buffer. */
const slackBytes = 32;

export class PictureMemory {
  /** Planes that it holds at a time: whole pictures. */
  readonly capacity: number;
  /** (capacity, height · width) To be filled with pictures, … */
  readonly sources: Uint8Array;
  /** … and (capacity, changesOfPicture) with their changes. */
  readonly changes: Int32Array;
  /** (capacity, height · width) The pictures as the kernels have changed them. */
  readonly changed: Uint8Array;
  /** Changes the first pictures of `sources`, so many. */
  readonly change: (count: number) => void;

  constructor({ width, height }: PictureSize, channels = 1) {
    const size = width * height;
    const pictures = Math.floor(Math.min(mostPictures, mostPixels / size) / channels);
    this.capacity = Math.max(1, pictures) * channels;
    const module = new WebAssembly.Module(readFileSync(file));
    const { exports } = new WebAssembly.Instance(module, {});
    const { memory, heapBase, changePictures } = exports as unknown as Kernels;

    let free = roundUp(heapBase());
    const place = (bytes: number): number => {
      const address = free;
      free += roundUp(bytes + slackBytes);
      return address;
    };
    const cornersStride = roundUp(width);
    const movedStride = roundUp(width + 2);
    const sources = place(this.capacity * size);
    const changes = place(this.capacity * changesOfPicture * 4);
    const changed = place(this.capacity * size);
    const corners = place(height * cornersStride * 4);
    const moved = place((height + 2) * movedStride);
    memory.grow(Math.max(0, Math.ceil((free - memory.buffer.byteLength) / pageBytes)));

    this.sources = new Uint8Array(memory.buffer, sources, this.capacity * size);
    this.changes = new Int32Array(memory.buffer, changes, this.capacity * changesOfPicture);
    this.changed = new Uint8Array(memory.buffer, changed, this.capacity * size);
    const scratch = [corners, cornersStride, moved, movedStride];
    this.change = (count) => {
      changePictures(sources, changes, changed, count, width, height, ...scratch);
    };
  }
}

/** To a multiple of 16. */
function roundUp(count: number): number {
  return Math.ceil(count / 16) * 16;
}
