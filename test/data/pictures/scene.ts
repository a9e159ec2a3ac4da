/** Small pictures for tests. */
import { writePng } from '../../../src/images/write-png.js';

type Colour = readonly [red: number, green: number, blue: number];

/** A PNG file of one colour, with a darker stripe that tells where up is. */
export function picture(width: number, height: number, colour: Colour): Buffer {
  const pixels = new Uint8Array(3 * width * height);
  colour.forEach((level, channel) => {
    pixels.fill(level, channel * width * height, (channel + 1) * width * height);
    pixels.fill(level >> 1, channel * width * height, channel * width * height + width);
  });
  return writePng({ width, height, channels: 3, pixels });
}

/** Pictures of two classes that a small network tells apart: reddish and bluish ones. */
export function twoClasses(count: number, folder = ''): { path: string; content: Buffer }[] {
  return Array.from({ length: count }, (_, i) => {
    const isRed = i % 2 === 0;
    const light = 120 + ((i * 37) % 100);
    const colour: Colour = isRed ? [light, 40, 30] : [30, 40, light];
    return {
      path: `${folder}${isRed ? 'red' : 'blue'}/${i}.png`,
      content: picture(10 + (i % 3), 12, colour),
    };
  });
}
