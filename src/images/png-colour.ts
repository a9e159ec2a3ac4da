/** Decodes PNG to colour: every colour type and depth, interlaced or not. Transparent parts become white. */
import { orientationOf } from './exif.js';
import { invalidImage } from './grey-image.js';
import type { Picture } from './picture.js';
import { readPng, type Png } from './png-chunks.js';
import { forEachRow, onWhite, sampleReader, transparentColour } from './png-rows.js';
import { ReducedPicture } from './reduced-picture.js';

/** Writes the colour of pixel `index` in a row: red, green and blue, 0 to 255. */
type ReadColour = (row: Uint8Array, index: number, rgb: Uint8ClampedArray) => void;

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodePngColour(bytes: Uint8Array): { picture: Picture; orientation: number } {
  const png = readPng(bytes);
  const readColour = colourReader(png);
  const reduced = new ReducedPicture(png.header);
  const rgb = new Uint8ClampedArray(3);
  forEachRow(png, (row, pass, y) => {
    for (let index = 0; index < pass.width; index++) {
      readColour(row, index, rgb);
      reduced.add(pass.x + index * pass.acrossStep, y, rgb[0], rgb[1], rgb[2]);
    }
  });
  return { picture: reduced.picture(), orientation: png.exif ? orientationOf(png.exif) : 1 };
}

function colourReader(png: Png): ReadColour {
  const { depth, colour } = png.header;
  const sample = sampleReader(depth);
  const largest = 2 ** depth - 1;
  const scale = 255 / largest;
  const transparent = transparentColour(png, largest);
  switch (colour) {
    case 0:
      return (row, index, rgb) => {
        const value = sample(row, index);
        rgb.fill(value === transparent[0] ? 255 : value * scale);
      };
    case 2:
      return (row, index, rgb) => {
        let same = 0;
        for (let channel = 0; channel < 3; channel++) {
          const value = sample(row, 3 * index + channel);
          if (value === transparent[channel]) same++;
          rgb[channel] = value * scale;
        }
        if (same === 3) rgb.fill(255);
      };
    case 3: {
      const colours = paletteOf(png);
      return (row, index, rgb) => {
        const first = 3 * sample(row, index);
        if (first >= colours.length) throw invalidImage('PNG', 'it has a colour that is not in its palette');
        for (let channel = 0; channel < 3; channel++) rgb[channel] = colours[first + channel];
      };
    }
    case 4:
      return (row, index, rgb) =>
        rgb.fill(onWhite(sample(row, 2 * index) * scale, sample(row, 2 * index + 1) / largest));
    case 6:
      return (row, index, rgb) => {
        const alpha = sample(row, 4 * index + 3) / largest;
        for (let channel = 0; channel < 3; channel++) {
          rgb[channel] = onWhite(sample(row, 4 * index + channel) * scale, alpha);
        }
      };
  }
}

/** (colours, 3) in front of white */
function paletteOf({ palette, transparency }: Png): Float64Array {
  return Float64Array.from(palette, (level, at) =>
    onWhite(level, (transparency?.[Math.floor(at / 3)] ?? 255) / 255),
  );
}
