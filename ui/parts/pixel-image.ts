/** Small pictures of numbers: one pixel a number, to be drawn larger on a canvas. */
import { signedColour, type Rgb, type SignedColours } from './theme-colours.js';

/** (height, width) in rows from the top. */
export function pixelImage(
  width: number,
  height: number,
  colourAt: (pixel: number) => Rgb,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [red, green, blue] = colourAt(pixel);
    image.data.set([red, green, blue, 255], pixel * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Values below and above 0 in two colours, the strongest of them at `largest`. */
export function signedImage(
  values: ArrayLike<number>,
  {
    width,
    height,
    largest,
    colours,
  }: { width: number; height: number; largest: number; colours: SignedColours },
): HTMLCanvasElement {
  const scale = largest > 0 ? 1 / largest : 0;
  return pixelImage(width, height, (pixel) => signedColour(colours, (values[pixel] ?? 0) * scale));
}

/** The largest distance from 0. */
export function largestOf(values: Iterable<number>): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
