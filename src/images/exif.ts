/**
 * The orientation of a picture, which cameras store in Exif (CIPA DC-008, "Orientation"): a tag in a small TIFF file.
 */
import type { GreyImage } from './grey-image.js';

const orientationTag = 0x0112;
const short = 3;

/** From 1, which is upright, to 8. The default is 1. */
export function orientationOf(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const isLittleEndian = tiff[0] === 0x49;
  const u16 = (at: number): number => (at + 2 <= tiff.length ? view.getUint16(at, isLittleEndian) : 0);
  const u32 = (at: number): number => (at + 4 <= tiff.length ? view.getUint32(at, isLittleEndian) : 0);

  const directory = u32(4);
  for (let entry = 0; entry < u16(directory); entry++) {
    const start = directory + 2 + 12 * entry;
    if (u16(start) !== orientationTag || u16(start + 2) !== short) continue;
    const orientation = u16(start + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** Rotates and mirrors the picture so that it is upright. */
export function upright(image: GreyImage, orientation: number): GreyImage {
  if (orientation === 1) return image;
  const { width, height, grey } = image;
  const isTransposed = orientation >= 5;
  const isMirroredAcross = [2, 3, 7, 8].includes(orientation);
  const isMirroredDown = [3, 4, 6, 7].includes(orientation);
  const turned = isTransposed ? { width: height, height: width } : { width, height };

  const pixels = new Uint8Array(grey.length);
  let next = 0;
  for (let y = 0; y < turned.height; y++) {
    for (let x = 0; x < turned.width; x++) {
      const [across, down] = isTransposed ? [y, x] : [x, y];
      const column = isMirroredAcross ? width - 1 - across : across;
      const row = isMirroredDown ? height - 1 - down : down;
      pixels[next++] = grey[row * width + column];
    }
  }
  return { ...turned, grey: pixels };
}
