/**
 * Reads the planes of a JPEG: baseline and progressive; grey, colour and CMYK (ITU-T T.81). Decodes it to grey, for which only
 * the planes that the grey picture needs are kept: of a photograph the brightness, at three bytes a pixel.
 */
import { orientationOf, upright } from './exif.js';
import { checkUnpackedBytes, invalidImage, luma, type GreyImage } from './grey-image.js';
import { inverseDct, scaledTable } from './inverse-dct.js';
import { BitReader, damaged, huffmanTable, type HuffmanTable } from './jpeg-huffman.js';
import { readScan, zigzag, type Plane } from './jpeg-scan.js';
import {
  isFrame,
  isNamedRgb,
  largestFactors,
  markers,
  readFrame,
  readScanHeader,
  segmentsOf,
  type Frame,
  type Segment,
} from './jpeg-segments.js';

/** libjpeg writes at most 18 scans, for CMYK. Each scan costs a pass over the whole picture. */
const maxScans = 32;

/** The content of the segments that precede the scans. */
interface Tables {
  dc: (HuffmanTable | undefined)[];
  ac: (HuffmanTable | undefined)[];
  quantization: (Uint16Array | undefined)[];
  restartInterval: number;
  /** From the Adobe segment. 0: the components are RGB or CMYK, without a transform. */
  adobeTransform: number | undefined;
  /** A TIFF file. */
  exif: Uint8Array | undefined;
}

/** How to compute grey from some of the components. */
interface GreyRecipe {
  needed: number[];
  /** Takes the samples of the needed components, in that order. */
  grey: (a: number, b: number, c: number, d: number) => number;
}

/** A plane, and how much of it has been read. */
export interface ReadPlane extends Plane {
  /** The table at the first scan of the plane. Later tables are for other planes. */
  quantization: Uint16Array | undefined;
  /** By coefficient: the lowest bit that was read; 16: none. */
  lowestBits: Uint8Array;
}

/** A plane's samples. */
export interface PlaneSamples {
  /** (height, width) */
  values: Uint8ClampedArray;
  width: number;
  height: number;
  /** The number of pixels across and down that share one sample. */
  across: number;
  down: number;
}

/** What is kept of a JPEG as it is read. */
interface WantedPlanes {
  /** Indices of components. */
  needed: number[];
  /** Whether only the mean of each block is kept: the picture at an eighth of its size, without most of its memory. */
  isReduced: boolean;
}

export interface ReadJpeg {
  frame: Frame;
  /** By component; those that are not needed have no coefficients. */
  planes: ReadPlane[];
  /** As in `Tables`. */
  adobeTransform: number | undefined;
  /** From 1, which is upright, to 8. */
  orientation: number;
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodeJpeg(bytes: Uint8Array): GreyImage {
  const { frame, planes, adobeTransform, orientation } = readJpeg(bytes, (frame, adobeTransform) => ({
    needed: recipeOf(frame, adobeTransform).needed,
    isReduced: false,
  }));
  const { width, height } = frame;
  const grey = greyOf(frame, planes, recipeOf(frame, adobeTransform));
  return upright({ width, height, grey }, orientation);
}

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function readJpeg(
  bytes: Uint8Array,
  want: (frame: Frame, adobeTransform: number | undefined) => WantedPlanes,
): ReadJpeg {
  const tables: Tables = {
    ...{ dc: [], ac: [], quantization: [], restartInterval: 0 },
    ...{ adobeTransform: undefined, exif: undefined },
  };
  let frame: Frame | undefined;
  let planes: ReadPlane[] | undefined;
  let scans = 0;
  let isEnded = false;
  for (const segment of segmentsOf(bytes)) {
    const { marker, content } = segment;
    if (isFrame(marker)) {
      if (frame) throw invalidImage('JPEG', 'it has two frames');
      frame = readFrame(marker, content);
    } else if (marker === markers.startOfScan) {
      if (!frame) throw invalidImage('JPEG', 'a scan comes before the frame header');
      if (++scans > maxScans) throw invalidImage('JPEG', `it has more than ${maxScans} scans`);
      planes ??= planesOf(frame, want(frame, tables.adobeTransform));
      readScanInto(planes, frame, segment, tables);
    } else if (marker === markers.endOfImage) isEnded = true;
    else readTables(segment, tables);
  }
  if (!frame || !planes) throw invalidImage('JPEG', 'it has no picture');
  refuseIncomplete(
    planes.filter(({ coefficients }) => coefficients !== null),
    isEnded,
  );
  const { adobeTransform, exif } = tables;
  return { frame, planes, adobeTransform, orientation: exif ? orientationOf(exif) : 1 };
}

/** Reads a segment other than the frame and the scans. Segments that do not affect the picture are ignored. */
function readTables({ marker, content }: Segment, tables: Tables): void {
  if (marker === markers.huffmanTables) readHuffmanTables(content, tables);
  else if (marker === markers.quantizationTables) readQuantizationTables(content, tables.quantization);
  else if (marker === markers.restartInterval) {
    if (content.length !== 2) throw invalidImage('JPEG', 'its restart interval has a wrong length');
    tables.restartInterval = content[0] * 256 + content[1];
  } else if (marker === markers.adobe && content.length >= 12 && startsWith(content, 'Adobe')) {
    tables.adobeTransform = content[11];
  } else if (marker === markers.exif && startsWith(content, 'Exif\0\0')) tables.exif = content.subarray(6);
}

function readHuffmanTables(content: Uint8Array, { dc, ac }: Tables): void {
  let at = 0;
  while (at < content.length) {
    const counts = content.subarray(at + 1, at + 17);
    const end = at + 17 + counts.reduce((total, count) => total + count, 0);
    if (end > content.length) throw wrongTables();
    const [kind] = content.subarray(at);
    (kind >> 4 === 0 ? dc : ac)[kind & 15] = huffmanTable(counts, content.subarray(at + 17, end));
    at = end;
  }
}

/** Each table is in zigzag order, with numbers of one or two bytes. */
function readQuantizationTables(content: Uint8Array, quantization: Tables['quantization']): void {
  let at = 0;
  while (at < content.length) {
    const [kind] = content.subarray(at);
    const size = kind >> 4 === 0 ? 1 : 2;
    const end = at + 1 + 64 * size;
    if (end > content.length) throw wrongTables();
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++) {
      const place = at + 1 + k * size;
      table[zigzag[k]] = size === 1 ? content[place] : content[place] * 256 + content[place + 1];
    }
    quantization[kind & 15] = table;
    at = end;
  }
}

function wrongTables(): Error {
  return invalidImage('JPEG', 'its tables have a wrong length');
}

function planesOf(frame: Frame, { needed, isReduced }: WantedPlanes): ReadPlane[] {
  const largest = largestFactors(frame);
  const unitColumns = Math.ceil(frame.width / (8 * largest.across));
  const unitRows = Math.ceil(frame.height / (8 * largest.down));
  const blocks = frame.components.map(({ across, down }) => unitColumns * across * unitRows * down);
  const each = isReduced ? 1 : 64;
  checkUnpackedBytes(
    needed.reduce((bytes, index) => bytes + blocks[index] * each * Int16Array.BYTES_PER_ELEMENT, 0),
  );
  return frame.components.map(({ across, down }, index) => ({
    across,
    down,
    columns: Math.ceil((frame.width * across) / (8 * largest.across)),
    rows: Math.ceil((frame.height * down) / (8 * largest.down)),
    stride: unitColumns * across,
    coefficients: needed.includes(index) ? new Int16Array(blocks[index] * each) : null,
    isReduced,
    quantization: undefined,
    lowestBits: new Uint8Array(64).fill(16),
  }));
}

/** Skips a scan that contains nothing that is needed. */
function readScanInto(planes: ReadPlane[], frame: Frame, { content, data }: Segment, tables: Tables): void {
  const { components, first, last, high, low } = readScanHeader(frame, content);
  const scanned = components.map(({ index, dc, ac }) => ({
    plane: planes[index],
    quantization: tables.quantization[frame.components[index].quantization],
    dc: tables.dc[dc],
    ac: tables.ac[ac],
    previous: 0,
  }));
  if (scanned.every(({ plane }) => plane.coefficients === null)) return;
  for (const { plane, quantization } of scanned) {
    plane.quantization ??= quantization;
    plane.lowestBits.fill(low, first, last + 1);
  }
  if (first > 0 && scanned.every(({ plane }) => plane.isReduced)) return;
  const largest = largestFactors(frame);
  readScan(
    {
      planes: scanned,
      unitColumns: Math.ceil(frame.width / (8 * largest.across)),
      unitRows: Math.ceil(frame.height / (8 * largest.down)),
      restartInterval: tables.restartInterval,
      ...{ first, last, high, low },
      isProgressive: frame.isProgressive,
    },
    new BitReader(data),
  );
}

/**
 * Like libjpeg, takes three components as YCbCr unless the file says otherwise. CMYK is inverted, as Adobe writes it:
 * 255 is no ink.
 */
function recipeOf({ components }: Frame, adobeTransform: number | undefined): GreyRecipe {
  if (components.length === 1) return { needed: [0], grey: (brightness) => brightness };
  if (components.length === 3) {
    const isRgb = adobeTransform === undefined ? isNamedRgb(components) : adobeTransform === 0;
    return isRgb ? { needed: [0, 1, 2], grey: luma } : { needed: [0], grey: (brightness) => brightness };
  }
  if (adobeTransform === 2) {
    return { needed: [0, 3], grey: (brightness, black) => ((255 - brightness) * black) / 255 };
  }
  return {
    needed: [0, 1, 2, 3],
    grey: (cyan, magenta, yellow, black) => (luma(cyan, magenta, yellow) * black) / 255,
  };
}

/** If the end marker is missing, the picture is complete only if the last bit of every coefficient was read. */
function refuseIncomplete(planes: ReadPlane[], isEnded: boolean): void {
  if (planes.some(({ lowestBits }) => lowestBits[0] === 16)) {
    throw invalidImage('JPEG', 'one of its planes is missing');
  }
  if (!isEnded && planes.some(({ lowestBits }) => lowestBits.some((bit) => bit !== 0))) {
    throw invalidImage('JPEG', 'it is cut short');
  }
}

/** (height, width) */
function greyOf(frame: Frame, planes: ReadPlane[], { needed, grey: greyFrom }: GreyRecipe): Uint8Array {
  const { width, height } = frame;
  const [a, b = a, c = a, d = a] = needed.map((index) => samplesOf(planes[index], frame));
  if (needed.length === 1 && a.width === width && a.height === height) return new Uint8Array(a.values.buffer);
  const grey = new Uint8ClampedArray(width * height);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      grey[at++] = greyFrom(sampleAt(a, x, y), sampleAt(b, x, y), sampleAt(c, x, y), sampleAt(d, x, y));
    }
  }
  return new Uint8Array(grey.buffer);
}

export function sampleAt({ values, width, across, down }: PlaneSamples, x: number, y: number): number {
  return values[Math.floor(y / down) * width + Math.floor(x / across)];
}

/** The samples of a plane that is needed. */
export function samplesOf(plane: ReadPlane, frame: Frame): PlaneSamples {
  const { coefficients, quantization, columns, rows, stride } = plane;
  if (!coefficients || !quantization) throw damaged('a table is missing');
  const largest = largestFactors(frame);
  const [across, down] = [largest.across / plane.across, largest.down / plane.down];
  const [width, height] = [Math.ceil(frame.width / across), Math.ceil(frame.height / down)];
  const values = new Uint8ClampedArray(width * height);
  const scale = scaledTable(quantization);
  if (plane.isReduced) {
    const means = new Uint8ClampedArray(columns * rows);
    for (let at = 0; at < means.length; at++) {
      const block = Math.floor(at / columns) * stride + (at % columns);
      means[at] = coefficients[block] * scale[0] + 128;
    }
    return { values: means, width: columns, height: rows, across, down };
  }
  const block = new Uint8ClampedArray(64);
  for (let row = 0; row < rows; row++) {
    const lines = Math.min(8, height - 8 * row);
    for (let column = 0; column < columns; column++) {
      inverseDct(coefficients, 64 * (row * stride + column), scale, block);
      const pixels = Math.min(8, width - 8 * column);
      let to = 8 * row * width + 8 * column;
      for (let line = 0; line < lines; line++, to += width) {
        for (let pixel = 0; pixel < pixels; pixel++) values[to + pixel] = block[8 * line + pixel];
      }
    }
  }
  return { values, width, height, across, down };
}

function startsWith(content: Uint8Array, text: string): boolean {
  return String.fromCharCode(...content.subarray(0, text.length)) === text;
}
