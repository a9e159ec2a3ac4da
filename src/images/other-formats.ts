/**
 * WebP, AVIF, TIFF and GIF, where the package sharp is installed. It is no dependency: it brings some 20 MB of compiled code that
 * many installations do not need.
 */
import { TrainyardError } from '../errors.js';
import { maxPixels } from './grey-image.js';
import type { Picture } from './picture.js';

const packageName = 'sharp';

/** Far more than is kept, and as much as a digit is looked for in. */
const mostSide = 512;

/** What is used of sharp, which may not be there to have types. */
interface Sharp {
  autoOrient(): Sharp;
  flatten(options: { background: string }): Sharp;
  toColourspace(space: string): Sharp;
  resize(options: { width: number; height: number; fit: 'inside'; withoutEnlargement: boolean }): Sharp;
  raw(): Sharp;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}

type OpenSharp = (bytes: Uint8Array, options: object) => Sharp;

/** How files of these formats begin, as characters of one byte each. */
const beginnings: readonly [mediaType: string, beginning: RegExp][] = [
  ['image/webp', /^RIFF.{4}WEBP/s],
  ['image/avif', /^.{4}ftypavi/s],
  ['image/tiff', /^(?:II\*\0|MM\0\*)/],
  ['image/gif', /^GIF8[79]a/],
];

export const otherMediaTypes: readonly string[] = beginnings.map(([mediaType]) => mediaType);

/** Whether the bytes begin as a file that sharp would read. */
export function isOtherFormat(bytes: Uint8Array): boolean {
  const beginning = String.fromCharCode(...bytes.subarray(0, 16));
  return beginnings.some(([, pattern]) => pattern.test(beginning));
}

/** The first picture of the file, upright and on white; null: sharp is not installed. @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export async function decodeOtherFormat(bytes: Uint8Array): Promise<Picture | null> {
  const sharp = await openSharp();
  if (sharp === null) return null;
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: maxPixels, pages: 1, failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize({ width: mostSide, height: mostSide, fit: 'inside', withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return planar(data, info);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isTooLarge = reason.includes('exceeds pixel limit');
    const message = isTooLarge
      ? `The image has more than ${maxPixels} pixels, the most that this service reads.`
      : `The image cannot be read: ${reason}.`;
    throw new TrainyardError(isTooLarge ? 'IMAGE_TOO_LARGE' : 'IMAGE_INVALID', message, { cause });
  }
}

/** `data` (height, width, channels), 1 to 4 channels */
function planar(
  data: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
): Picture {
  const size = width * height;
  const pixels = new Uint8Array(3 * size);
  for (let channel = 0; channel < 3; channel++) {
    const from = channels < 3 ? 0 : channel;
    for (let at = 0; at < size; at++) pixels[channel * size + at] = data[at * channels + from];
  }
  return { width, height, channels: 3, pixels };
}

let opened: Promise<OpenSharp | null> | undefined;

function openSharp(): Promise<OpenSharp | null> {
  // A name that TypeScript cannot follow: the package may not be there.
  opened ??= import(packageName as string).then(
    (loaded: { default: OpenSharp }) => loaded.default,
    () => null,
  );
  return opened;
}
